"""A store that is one folder: ``store.json``, ``inbox/``, ``store.db``, ``blobs/``."""

from __future__ import annotations

import os
import sqlite3
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from trackrecord.journal import spool
from trackrecord.journal.place import BLOBS, INBOX, STORE_FILE, make_store
from trackrecord.store import identity
from trackrecord.store.blobs import FileBlobs
from trackrecord.store.catalog import EmbeddedCatalog
from trackrecord.store.database.connections import Connections
from trackrecord.store.database.host_lease import HeldElsewhereError
from trackrecord.words.errors import StoreNotFoundError, StoreUnavailableError

if TYPE_CHECKING:
    from trackrecord.store.points.series import EmbeddedSeries

DATABASE = "store.db"


class EmbeddedStore:
    """An open embedded store; answers ``contract.Store``. Safe to use from any thread.

    ``read_only`` is True when it was asked for, or when the folder can't be written to, its disk is full, or another
    host has the database; then what is in the database is shown, and the inbox stays as it is. A full disk and another
    host are tried again with each pass.

    ::

        with EmbeddedStore.open(".trackrecord") as store:
            take_in(store)
            store.catalog.rows("SELECT name FROM run")
    """

    def __init__(self, path: Path, store_id: str, connections: Connections) -> None:
        self.path = path
        self.store_id = store_id
        self.connections = connections
        self.catalog = EmbeddedCatalog(connections)
        self.blobs = FileBlobs(path / BLOBS)
        self.inbox = path / INBOX

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, read_only: bool = False, create: bool = True
    ) -> EmbeddedStore:
        """Open the store in the folder ``path``, making it when it is not there and ``create`` is true.

        Raises StoreNotFoundError when there is none (and none is to be made), StoreVersionError when a newer
        Trackrecord made it, StoreUnavailableError when it is damaged or can't be made there.
        """
        place = Path(path).absolute()
        writable = _can_write(place)
        if not _is_store(place):
            if read_only or not create:
                raise StoreNotFoundError(
                    f"there is no store at {place}",
                    hint="record a run there first, or name another place with --store or TRACKRECORD_STORE",
                )
            if not writable:
                raise StoreUnavailableError(
                    f"the store {place} can't be made: the folder can't be written to",
                    hint="check the path and its permissions",
                )
        read_only = read_only or not writable
        if not read_only:
            try:
                _keep_identity(place)
                make_store(place)
                spool.forward(place)  # what a process of this host that was killed has left there
            except OSError as error:
                raise StoreUnavailableError(
                    f"the store {place} can't be made: {error}", hint="check the path and its permissions"
                ) from error
        store_id = identity.store_id(place)
        return cls(place, store_id, _connections(place / DATABASE, read_only=read_only))

    @cached_property
    def series(self) -> EmbeddedSeries:
        """The points of metrics; what reads them is loaded when it is first asked for: a table needs none."""
        from trackrecord.store.points.series import EmbeddedSeries

        return EmbeddedSeries(self.connections)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed now."""
        return self.connections.read_only

    def close(self) -> None:
        """Close all connections; calls after that raise StoreUnavailableError."""
        self.connections.close()

    def __enter__(self) -> EmbeddedStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connections(database: Path, *, read_only: bool) -> Connections:
    """Open the database; to read only on a full disk, where SQLite can't even make the files it shares.

    So, too, where another host has the database.
    """
    try:
        return Connections(database, read_only=read_only)
    except HeldElsewhereError:
        return Connections(database, read_only=True, for_now=True)
    except StoreUnavailableError as error:
        if read_only or not any(sign in str(error.__cause__) for sign in ("disk I/O error", "is full")):
            raise
        try:
            return Connections(database, read_only=True, for_now=True)
        except (StoreUnavailableError, OSError):
            raise error from error.__cause__


def _keep_identity(place: Path) -> None:
    """Make a ``store.json`` that is gone again from the database, before a new one gives the store another id."""
    if not (place / STORE_FILE).exists() and (place / DATABASE).exists():
        try:
            identity.restore_store_file(place)
        except sqlite3.Error:
            pass  # a database that can't be read says so when it is opened


def _is_store(place: Path) -> bool:
    return any((place / name).exists() for name in (STORE_FILE, DATABASE, INBOX))


def _can_write(place: Path) -> bool:
    """Tell whether the folder (or, before it exists, the one it would be made in) can be written to."""
    if place.exists():
        database = place / DATABASE
        return os.access(place, os.W_OK | os.X_OK) and (not database.exists() or os.access(database, os.W_OK))
    return True
