"""A store that is one folder: ``store.json``, ``inbox/``, ``store.db``, ``blobs/``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from trackrecord.journal.place import BLOBS, INBOX, STORE_FILE, STORE_FORMAT, make_store
from trackrecord.store.blobs import FileBlobs
from trackrecord.store.catalog import EmbeddedCatalog
from trackrecord.store.connections import Connections
from trackrecord.store.series import EmbeddedSeries
from trackrecord.words.errors import StoreNotFoundError, StoreUnavailableError, StoreVersionError

DATABASE = "store.db"


class EmbeddedStore:
    """An open embedded store; answers ``contract.Store``. Safe to use from any thread.

    ``read_only`` is True when it was asked for, or when the folder can't be written to or its disk is full; then
    what is in the database is shown, and the inbox stays as it is. A full disk is tried again with each pass.

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
        self.series = EmbeddedSeries(connections)
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
                make_store(place)
            except OSError as error:
                raise StoreUnavailableError(
                    f"the store {place} can't be made: {error}", hint="check the path and its permissions"
                ) from error
        store_id = _store_id(place)
        return cls(place, store_id, _connections(place / DATABASE, read_only=read_only))

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
    """Open the database; on a full disk, where SQLite can't even make the files it shares, to read only."""
    try:
        return Connections(database, read_only=read_only)
    except StoreUnavailableError as error:
        if read_only or not any(sign in str(error.__cause__) for sign in ("disk I/O error", "is full")):
            raise
        try:
            return Connections(database, read_only=True, for_now=True)
        except (StoreUnavailableError, OSError):
            raise error from error.__cause__


def _is_store(place: Path) -> bool:
    return any((place / name).exists() for name in (STORE_FILE, DATABASE, INBOX))


def _can_write(place: Path) -> bool:
    """Tell whether the folder (or, before it exists, the one it would be made in) can be written to."""
    if place.exists():
        database = place / DATABASE
        return os.access(place, os.W_OK | os.X_OK) and (not database.exists() or os.access(database, os.W_OK))
    return True


def _store_id(place: Path) -> str:
    """Return the store's id. Raises when ``store.json`` was made by a newer Trackrecord or can't be understood."""
    path = place / STORE_FILE
    try:
        document: Any = json.loads(path.read_bytes())
        made_for = document["format"]
        store_id = document["store_id"]
        if not isinstance(made_for, int) or not isinstance(store_id, str):
            raise TypeError("format is no whole number or store_id no text")
    except FileNotFoundError:
        return ""  # a read-only folder that only has a database or an inbox
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreUnavailableError(
            f"{path} can't be understood: {error!r}",
            hint='it should read like {"format": 1, "store_id": "..."}; restore it from a backup',
        ) from error
    if made_for > STORE_FORMAT:
        raise StoreVersionError(
            f"the store {place} has format {made_for}, made by a newer Trackrecord;"
            f" this one knows up to {STORE_FORMAT}",
            hint="upgrade with: pip install -U trackrecord",
        )
    return store_id
