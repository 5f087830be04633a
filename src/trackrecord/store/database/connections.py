"""Connections to one SQLite database: a few to read with, taken and given back, and one to write with."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackrecord.journal.place import STORE_FILE
from trackrecord.store.database.database_file import BAD_STATE, DatabaseFile, Identity, raise_as_store_error
from trackrecord.store.database.host_lease import HeldElsewhereError
from trackrecord.words.errors import StoreUnavailableError


class Connections:
    """The open connections of one process to one database. Safe to use from any thread.

    Readers see the last commit and never wait for the writer (SQLite's WAL mode), but on file systems that several
    hosts share (`host_lease`).
    """

    def __init__(self, path: Path, *, read_only: bool, for_now: bool = False) -> None:
        self.path = path
        #: nothing can be changed; ``for_now`` says that it was meant to be, and that there was no room
        self.read_only = read_only
        self._for_now = for_now
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._owner = os.getpid()
        self._closed = False
        self._writing = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._place = DatabaseFile(path)
        try:
            self._uri = self._place.for_reading() if read_only else self._place.for_writing()
            self._file = self._identity_now()
        except BAD_STATE as error:
            self.close()
            raise_as_store_error(error, path)
            raise
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that can't change anything."""
        connection, file = self._take()
        try:
            yield connection
        except BAD_STATE as error:
            raise_as_store_error(error, self.path)
            raise
        finally:
            self._give_back(connection, file)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection on which all statements see the same state of the database."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[sqlite3.Connection]:
        """Lend the one connection that changes things, inside of a transaction that is committed at the end.

        Raises StoreUnavailableError when another process keeps writing for longer than ``wait_s``,
        or when the database can't be written to; then nothing has changed. On a shared disk it is also raised when
        another host took the database meanwhile; then nothing of the transaction may be relied on.
        """
        self._keep_the_lease()
        if self.read_only:
            raise StoreUnavailableError(f"the store {self.path.parent} is read-only")
        if not self._writing.acquire(timeout=max(wait_s, 0.001)):
            raise StoreUnavailableError(f"the store {self.path.parent} is being written by another thread")
        try:
            self._follow_the_file()
            if self._writer is None or self._owner != os.getpid():
                self._forget_if_forked()
                self._writer = self._place.connect(self._uri)
            connection = self._writer
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self._verify()
                connection.execute("COMMIT")
                self._verify()
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise_as_store_error(error, self.path)
            raise
        finally:
            self._writing.release()

    def close(self) -> None:
        """Close every connection. Whoever still holds one closes it by giving it back."""
        with self._lock:
            already, self._closed = self._closed, True
            mine = self._owner == os.getpid()
            idle, self._idle = self._idle, []
            writer, self._writer = self._writer, None
        if mine and not already:
            for connection in [*idle, writer]:
                if connection is not None:
                    connection.close()
            self._place.close()

    def can_write_again(self) -> bool:
        """Tell whether what was opened to read only for want of room can be written to now, and open it so."""
        if not self._for_now:
            return False
        with self._writing, self._lock:
            if self._closed:
                return False
            if not self.read_only:
                return True
            try:
                self._uri = self._place.for_writing()
            except (*BAD_STATE, StoreUnavailableError, OSError):
                return False
            self.read_only = False
            self._close_idle()
            self._place.forget_copy()
            self._file = self._identity_now()
            return True

    def _verify(self) -> None:
        """Raise when nobody would see what is committed: the file was replaced, or another host has taken over."""
        if self._place.file_identity() != self._file:
            raise self._gone()
        if self._place.lease is not None:
            self._place.lease.verify()

    def _keep_the_lease(self) -> None:
        """Renew this host's claim to a shared database; go on with reading when another host has taken it."""
        lease = self._place.lease
        if lease is None or self.read_only or self._closed:
            return
        try:
            lease.renew()
        except HeldElsewhereError:
            self._only_read_for_now()
        except OSError:
            pass  # without room for the file nothing can be written either, and the writer says so

    def _only_read_for_now(self) -> None:
        with self._writing, self._lock:
            # a transaction under way learns at its end that it was in vain
            if self.read_only or (self._writer is not None and self._writer.in_transaction):
                return
            self.read_only = self._for_now = True
            self._close_idle()
            self._uri = self._place.for_reading()
            self._file = self._identity_now()

    def _take(self) -> tuple[sqlite3.Connection, Identity]:
        """Return a connection, and the file that it is of."""
        self._keep_the_lease()
        self._follow_the_file()
        with self._lock:
            if self._closed:
                raise StoreUnavailableError(f"the store {self.path.parent} has been closed")
            self._forget_if_forked()
            file = self._file
            if self._idle:
                return self._idle.pop(), file
        try:
            connection = self._place.connect(self._uri)
            connection.execute("PRAGMA query_only = ON")
        except BAD_STATE as error:
            raise_as_store_error(error, self.path)
            raise
        return connection, file

    def _give_back(self, connection: sqlite3.Connection, file: Identity) -> None:
        with self._lock:
            mine = self._owner == os.getpid() and file == self._file
            if not self._closed and mine and len(self._idle) < 16:
                self._idle.append(connection)
                return
        connection.close()

    def _follow_the_file(self) -> None:
        """Let go of a database that was deleted, or replaced by another one, while it was open.

        The open file lives on, but only for us: what is taken in from a new inbox at the same place would be lost.
        """
        if self._place.is_copy_fresh() or self._identity_now() == self._file:
            return
        with self._writing, self._lock:
            now = self._identity_now()
            if self._closed or now == self._file:
                return
            self._forget_if_forked()
            if now is None and (self.read_only or not self.path.with_name(STORE_FILE).exists()):
                raise self._gone()
            if self._writer is not None and self._writer.in_transaction:
                raise self._gone()
            self._close_idle()
            try:
                self._uri = self._place.for_reading() if self.read_only else self._place.for_writing()
            except BAD_STATE as error:
                raise_as_store_error(error, self.path)
                raise
            self._file = self._identity_now()

    def _close_idle(self) -> None:
        """Close what nobody has at this moment; needs both locks."""
        for connection in [*self._idle, self._writer]:
            if connection is not None:
                connection.close()
        self._idle, self._writer = [], None

    def _identity_now(self) -> Identity:
        return self._place.identity(self._uri, read_only=self.read_only)

    def _gone(self) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"the store {self.path.parent} has been deleted or replaced while it was open",
            hint="put it back, or record a run: it is looked for again each time",
        )

    def _forget_if_forked(self) -> None:
        """After fork() the parent's connections must be neither used nor closed: SQLite's locks are the parent's."""
        if self._owner != os.getpid():
            _ABANDONED.extend(self._idle)
            if self._writer is not None:
                _ABANDONED.append(self._writer)
            self._idle, self._writer, self._owner = [], None, os.getpid()


#: connections of a parent process, kept from being closed by the garbage collector of its child
_ABANDONED: list[sqlite3.Connection] = []
