"""The file of the database: how it is opened on a local disk, a shared one, and where nothing can be written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from trackrecord.store import identity
from trackrecord.store.database import migrate, network
from trackrecord.store.database.host_lease import HostLease, copy_consistently
from trackrecord.words.errors import StoreUnavailableError

_BUSY_S = 5.0
#: what Python raises for a database that is locked, full, damaged ... (its texts are UTF-8 while it is well)
BAD_STATE = (sqlite3.DatabaseError, UnicodeDecodeError)
#: a copy of what another host writes is made anew at most so often
_COPY_AGAIN_S = 2.0

Identity = tuple[int, ...] | None


class DatabaseFile:
    """Where one process finds a database: the file itself, or a copy of it where it can only be read so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: the claim of this host, where several can reach the database; None on local disks
        self.lease = HostLease(path) if network.is_shared(path.parent) else None
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._copied_at = 0.0
        self._anchor: sqlite3.Connection | None = None
        self._takes_part = False

    def for_writing(self) -> str:
        """Make the database ready to be written, by this host alone if it is on a shared disk; return its address.

        Raises HeldElsewhereError when another host has it, StoreUnavailableError when a database that was there is
        gone.
        """
        self._refuse_if_lost()
        if self.lease is not None:
            self.lease.take()
            self._takes_part = True
        uri = _uri(self.path)
        connection = self._connected(uri)
        try:
            if self.lease is None:
                _use_wal(connection)
            else:
                _use_rollback(connection)
        finally:
            connection.close()
        connection = self.connect(uri)
        try:
            migrate.migrate(connection, self.path.parent)
            identity.remember_database(connection, self.path.parent)
        finally:
            connection.close()
        return uri

    def for_reading(self) -> str:
        """Find a way to read that leaves no trace, and return its address.

        A read-only folder has no room for the shared-memory file of WAL mode. Without a WAL the database alone is all
        there is; with one (someone was killed, then the folder was made read-only) both are copied to read them. So
        is a database that another host may be writing, and one of an earlier schema, which is brought to the present
        one in its copy.
        """
        self._refuse_if_lost()
        if not self.path.exists():
            return self._empty()
        if self.lease is not None and not self.lease.is_here():
            return self._of_a_copy(shared=True)
        try:
            uri = self._in_place()
        except sqlite3.OperationalError:
            if not _extent(self.path.with_name(self.path.name + "-wal")):
                raise
            return self._of_a_copy(shared=False)
        return self._of_a_copy(shared=False) if uri is None else uri

    def identity(self, uri: str, *, read_only: bool) -> Identity:
        """Return what changes when connections to ``uri`` no longer show what is there; None without a file."""
        file = self.file_identity()
        if (
            file is not None
            and read_only
            and ("immutable=1" in uri or "mode=memory" in uri or self._copy is not None)
        ):
            # SQLite was promised that nothing changes, or there was nothing to show; others may have written since
            wal = self.path.with_name(self.path.name + "-wal")
            return (*file, *_extent(self.path), *_extent(wal))
        return file

    def file_identity(self) -> Identity:
        """Return what tells the file from another one at the same place; None when there is none."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def is_copy_fresh(self) -> bool:
        """Tell whether what is read is a copy that was made a moment ago."""
        return self._copy is not None and time.monotonic() - self._copied_at < _COPY_AGAIN_S

    def connect(self, uri: str) -> sqlite3.Connection:
        """Open a connection. Raises sqlite3.Error."""
        connection = self._connected(uri)
        if self.lease is not None:
            connection.execute("PRAGMA mmap_size = 0")
            if "mode=" not in uri:
                # with TRUNCATE a host that was stopped and lost the database ends its own journal, by its own handle,
                # and never the one that its successor has put in the place
                connection.execute("PRAGMA journal_mode = TRUNCATE")
        return connection

    def close(self) -> None:
        """Remove copies, and let another host have the database."""
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None
        self.forget_copy()
        if self.lease is not None and self._takes_part:
            self.lease.give_back()

    def forget_copy(self) -> None:
        """Remove the copy that was made to read, if there is one."""
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _refuse_if_lost(self) -> None:
        """Raise when the database that this store had is not there: an empty one in its place would hide that."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = -1
        except OSError:
            return
        if size > 0 or (size == 0 and _extent(self.path.with_name(self.path.name + "-wal"))):
            return
        if identity.had_database(self.path.parent):
            what = "is missing" if size < 0 else "is empty"
            raise StoreUnavailableError(
                f"{self.path} {what}, though this store had a database",
                hint="restore it with `trackrecord restore`, or go on with what else is left:"
                " `trackrecord check --fix`",
            )

    def _in_place(self) -> str | None:
        """Return an address at which the file itself can be read; None when only a copy will do."""
        attempts = [_uri(self.path, "mode=ro")]
        wal = self.path.with_name(self.path.name + "-wal")
        has_log = wal.exists() and wal.stat().st_size
        if not has_log:
            attempts.append(_uri(self.path, "mode=ro&immutable=1"))
        for uri in attempts:
            try:
                connection = self.connect(uri)
                try:
                    migrate.check_version(connection, self.path.parent)
                    schema = migrate.schema_of(connection)
                    if schema == 0:  # the disk was full when it was to be made
                        return self._empty()
                    connection.execute("SELECT value FROM revision").fetchone()
                finally:
                    connection.close()
            except sqlite3.OperationalError:  # noqa: PERF203 - the next attempt may do
                if uri == attempts[-1]:
                    raise
            else:
                return uri if schema == migrate.newest() else None
        raise AssertionError("unreachable")

    def _of_a_copy(self, *, shared: bool) -> str:
        self.forget_copy()
        self._copy = tempfile.TemporaryDirectory(prefix="trackrecord-")
        self._copied_at = time.monotonic()
        copy = Path(self._copy.name, self.path.name)
        if shared:
            copy_consistently(self.path, copy)
        else:
            shutil.copyfile(self.path, copy)
            wal = self.path.with_name(self.path.name + "-wal")
            if _extent(wal):
                shutil.copyfile(wal, copy.with_name(wal.name))
        uri = _uri(copy)
        connection = self._connected(uri)
        try:
            migrate.check_version(connection, self.path.parent)
            if migrate.schema_of(connection) == 0:
                return self._empty()
            migrate.migrate(connection, self.path.parent)
        finally:
            connection.close()
        return uri

    def _empty(self) -> str:
        """Make an empty database in memory: what is shown while there is none yet."""
        uri = f"file:trackrecord-{os.getpid()}-{id(self)}?mode=memory&cache=shared"
        if self._anchor is None:
            self._anchor = self._connected(uri)
            migrate.migrate(self._anchor, self.path.parent)
        return uri

    def _connected(self, uri: str) -> sqlite3.Connection:
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
        return connection


def raise_as_store_error(error: Exception, path: Path) -> None:
    """Raise StoreUnavailableError for an error of SQLite that tells of a bad state; return for a bad statement."""
    text = str(error)
    for sign, what, hint in _SIGNS:
        if sign in text:
            raise StoreUnavailableError(f"{path} {what} ({text:.200})", hint=hint) from error


_REPAIR = (
    "restore it from a backup with `trackrecord restore`, or save what can be read with `trackrecord check --fix`;"
    " journals still in inbox/ are not affected"
)
_SIGNS = (
    ("decode", "is damaged", _REPAIR),
    ("malformed", "is damaged", _REPAIR),
    ("not a database", "is damaged", _REPAIR),
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


def _extent(path: Path) -> tuple[int, ...]:
    """Return what shows that a file has changed; nothing when it is empty or not there."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns) if status.st_size else ()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode; where the file system can't do it the database stays in rollback mode."""
    _switch(connection, "WAL")


def _use_rollback(connection: sqlite3.Connection) -> None:
    """Leave WAL mode, without the shared memory that it needs, if an earlier opening has switched to it."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    _switch(connection, "DELETE")


def _switch(connection: sqlite3.Connection, mode: str) -> None:
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError as error:  # noqa: PERF203 - it is tried again
            # SQLite does not wait for others here, whatever its timeout
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
