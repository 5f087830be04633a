"""Connections to one SQLite database: a few to read with, taken and given back, and one to write with."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from trackrecord.journal.place import STORE_FILE
from trackrecord.store import migrate
from trackrecord.store.search import matches
from trackrecord.words.errors import StoreUnavailableError

_BUSY_S = 5.0
#: what Python raises for a database that is locked, full, damaged ... (its texts are UTF-8 while it is well)
_BAD_STATE = (sqlite3.DatabaseError, UnicodeDecodeError)

_Identity = tuple[int, ...] | None


class Connections:
    """The open connections of one process to one database. Safe to use from any thread.

    Readers see the last commit and never wait for the writer (SQLite's WAL mode).
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
        self._anchor: sqlite3.Connection | None = None
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._uri = self._readable_uri() if read_only else self._prepared_uri()
            self._file = self._identity_now()
        except _BAD_STATE as error:
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
        except _BAD_STATE as error:
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
        or when the database can't be written to; then nothing has changed.
        """
        if self.read_only:
            raise StoreUnavailableError(f"the store {self.path.parent} is read-only")
        if not self._writing.acquire(timeout=max(wait_s, 0.001)):
            raise StoreUnavailableError(f"the store {self.path.parent} is being written by another thread")
        try:
            self._follow_the_file()
            if self._writer is None or self._owner != os.getpid():
                self._forget_if_forked()
                self._writer = self._connect(self._uri)
            connection = self._writer
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                if _identity(self.path) != self._file:
                    raise self._gone()  # nobody would ever see what was committed now
                connection.execute("COMMIT")
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
            self._closed = True
            mine = self._owner == os.getpid()
            idle, self._idle = self._idle, []
            others = [self._writer, self._anchor]
            self._writer = self._anchor = None
        if mine:
            for connection in [*idle, *others]:
                if connection is not None:
                    connection.close()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _take(self) -> tuple[sqlite3.Connection, _Identity]:
        """Return a connection, and the file that it is of."""
        self._follow_the_file()
        with self._lock:
            if self._closed:
                raise StoreUnavailableError(f"the store {self.path.parent} has been closed")
            self._forget_if_forked()
            file = self._file
            if self._idle:
                return self._idle.pop(), file
        try:
            connection = self._connect(self._uri)
            connection.execute("PRAGMA query_only = ON")
        except _BAD_STATE as error:
            raise_as_store_error(error, self.path)
            raise
        return connection, file

    def _give_back(self, connection: sqlite3.Connection, file: _Identity) -> None:
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
        if self._copy is not None or self._identity_now() == self._file:
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
            for connection in [*self._idle, self._writer]:
                if connection is not None:
                    connection.close()
            self._idle, self._writer = [], None
            try:
                self._uri = self._readable_uri() if self.read_only else self._prepared_uri()
            except _BAD_STATE as error:
                raise_as_store_error(error, self.path)
                raise
            self._file = self._identity_now()

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
                self._uri = self._prepared_uri()
            except _BAD_STATE:
                return False
            self.read_only = False
            for connection in self._idle:
                connection.close()
            self._idle = []
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None
            self._file = self._identity_now()
            return True

    def _identity_now(self) -> _Identity:
        """Return what changes when open connections no longer show what is there."""
        file = _identity(self.path)
        if file is not None and self.read_only and ("immutable=1" in self._uri or "mode=memory" in self._uri):
            # SQLite was promised that nothing changes, or there was nothing to show; others may have written since
            wal = self.path.with_name(self.path.name + "-wal")
            return (*file, *_extent(self.path), *_extent(wal))
        return file

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

    def _prepared_uri(self) -> str:
        uri = _uri(self.path)
        connection = self._connect(uri)
        try:
            _use_wal(connection)
            migrate.migrate(connection, self.path.parent)
        finally:
            connection.close()
        return uri

    def _readable_uri(self) -> str:
        """Find a way to read that leaves no trace.

        A read-only folder has no room for the shared-memory file of WAL mode. Without a WAL the database alone is all
        there is; with one (someone was killed, then the folder was made read-only) both are copied to read them.
        """
        if not self.path.exists():
            return self._empty_uri()
        attempts = [_uri(self.path, "mode=ro")]
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            self._copy = tempfile.TemporaryDirectory(prefix="trackrecord-")
            copy = Path(self._copy.name, self.path.name)
            attempts.append(_uri(copy))
        else:
            attempts.append(_uri(self.path, "mode=ro&immutable=1"))
        for uri in attempts:
            if uri == attempts[-1] and self._copy is not None:
                shutil.copyfile(self.path, copy)
                shutil.copyfile(wal, copy.with_name(wal.name))
            try:
                connection = self._connect(uri)
                try:
                    migrate.check_version(connection, self.path.parent)
                    if migrate.schema_of(connection) == 0:  # the disk was full when it was to be made
                        return self._empty_uri()
                    connection.execute("SELECT value FROM revision").fetchone()
                finally:
                    connection.close()
            except sqlite3.OperationalError:
                if uri == attempts[-1]:
                    raise
            else:
                return uri
        raise AssertionError("unreachable")

    def _empty_uri(self) -> str:
        """Make an empty database in memory: what is shown while there is none yet."""
        uri = f"file:trackrecord-{os.getpid()}-{id(self)}?mode=memory&cache=shared"
        if self._anchor is None:
            self._anchor = self._connect(uri)
            migrate.migrate(self._anchor, self.path.parent)
        return uri

    def _connect(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_S,
            cached_statements=256,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        # a commit is on the disk when it returns: only then may segments be removed (invariant J6)
        connection.execute("PRAGMA synchronous = FULL")
        connection.create_function("REGEXP", 2, matches, deterministic=True)
        return connection


#: connections of a parent process, kept from being closed by the garbage collector of its child
_ABANDONED: list[sqlite3.Connection] = []


def raise_as_store_error(error: Exception, path: Path) -> None:
    """Raise StoreUnavailableError for an error of SQLite that tells of a bad state; return for a bad statement."""
    text = str(error)
    for sign, what, hint in _SIGNS:
        if sign in text:
            raise StoreUnavailableError(f"{path} {what} ({text:.200})", hint=hint) from error


_SIGNS = (
    ("decode", "is damaged", "restore it from a backup; journals still in inbox/ are not affected"),
    ("malformed", "is damaged", "restore it from a backup; journals still in inbox/ are not affected"),
    ("not a database", "is damaged", "restore it from a backup; journals still in inbox/ are not affected"),
    ("locked", "is being written by another process", "try again; another program may have it open"),
    ("busy", "is being written by another process", "try again; another program may have it open"),
    ("readonly", "can't be written to", "check the permissions of the file and its folder"),
    ("is full", "can't grow", "make room on the disk; nothing recorded is lost, it waits in inbox/"),
    (
        "disk I/O error",
        "can't be read or written",
        "check the disk; nothing in inbox/ is removed before it is kept",
    ),
    ("unable to open", "can't be opened", "check the permissions of the file and its folder"),
)


def _uri(path: Path, options: str = "") -> str:
    location = "file:" + quote(os.fsencode(path.absolute().as_posix()))  # a path need not be valid UTF-8
    return f"{location}?{options}" if options else location


def _identity(path: Path) -> _Identity:
    """Return what tells a file from another one at the same place; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _extent(path: Path) -> tuple[int, ...]:
    """Return what shows that a file has changed; nothing when it is empty or not there."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns) if status.st_size else ()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode; where the file system can't do it the database stays in rollback mode."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:  # noqa: PERF203 - it is tried again
            # SQLite does not wait for others here, whatever its timeout
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
