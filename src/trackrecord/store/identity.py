"""What a store knows of itself outside of its database: its id, and that it has had a database at all.

``store.json`` is written by whoever records first, before there is any database. Once one is made,
``"database": true`` is added, so that a database which is missing or empty later is an accident and not a beginning.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trackrecord.journal.files import sync_folder
from trackrecord.journal.place import STORE_FILE, STORE_FORMAT
from trackrecord.words.errors import StoreUnavailableError, StoreVersionError

_ID_KEY = "store_id"


def store_id(place: Path) -> str:
    """Return the store's id; "" without a ``store.json``.

    Raises StoreVersionError when a newer Trackrecord made it, StoreUnavailableError when it can't be understood.
    """
    path = place / STORE_FILE
    try:
        document = _document(path)
        made_for, found = document["format"], document["store_id"]
        if not isinstance(made_for, int) or not isinstance(found, str):
            raise TypeError("format is no whole number or store_id no text")
    except FileNotFoundError:
        return ""  # a read-only folder that only has a database or an inbox
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreUnavailableError(
            f"{path} can't be understood: {error!r}",
            hint='it should read like {"format": 1, "store_id": "..."}; `trackrecord check --fix` makes it again',
        ) from error
    if made_for > STORE_FORMAT:
        raise StoreVersionError(
            f"the store {place} has format {made_for}, made by a newer Trackrecord;"
            f" this one knows up to {STORE_FORMAT}",
            hint="upgrade with: pip install -U trackrecord",
        )
    return found


def had_database(place: Path) -> bool:
    """Tell whether a database was ever made in this store."""
    try:
        return _document(place / STORE_FILE).get("database") is True
    except (OSError, ValueError, TypeError):
        return False


def remember_database(connection: sqlite3.Connection, place: Path) -> None:
    """Write down in ``store.json`` that there is a database, and in the database which store it belongs to.

    Does nothing when both is known. What can't be written (a full disk) is written another time.
    """
    path = place / STORE_FILE
    try:
        document = _document(path)
        identity = document["store_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    try:
        if connection.execute("SELECT 1 FROM meta WHERE key = ?", (_ID_KEY,)).fetchone() is None:
            connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", (_ID_KEY, identity))
        if document.get("database") is not True:
            _replace(path, {**document, "database": True})
    except (OSError, sqlite3.OperationalError):
        pass


def restore_store_file(place: Path) -> None:
    """Make a ``store.json`` that is not there again, with the id that the database has; a new one without database.

    Raises OSError where it can't be written, sqlite3.Error when the database can't be read.
    """
    database = place / "store.db"
    known = _id_in(database) if database.exists() and database.stat().st_size else None
    document: dict[str, Any] = {"format": STORE_FORMAT, "store_id": known or os.urandom(16).hex()}
    if known:
        document["database"] = True
    _replace(place / STORE_FILE, document)


def _id_in(database: Path) -> str | None:
    uri = "file:" + quote(os.fsencode(database.absolute().as_posix())) + "?mode=ro"
    connection = sqlite3.connect(uri, uri=True)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (_ID_KEY,)).fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else None


def _document(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise TypeError("it is no object")
    return document


def _replace(path: Path, document: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(json.dumps(document).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(os.fspath(path.parent))
