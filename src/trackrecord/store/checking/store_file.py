"""Whether ``store.json`` can be understood and belongs to the database beside it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from trackrecord.journal.place import STORE_FILE, STORE_FORMAT
from trackrecord.store.checking.finding import Finding
from trackrecord.store.checking.quarantine import Quarantine
from trackrecord.store.embedded import DATABASE
from trackrecord.store.identity import restore_store_file


def check_store_file(place: Path, quarantine: Quarantine | None) -> list[Finding]:
    """Return what is wrong with ``store.json``; with a quarantine it is put aside and made again.

    A file made by a newer Trackrecord is no fault: opening the store says so.
    """
    path = place / STORE_FILE
    if not place.is_dir():
        return []
    try:
        document = json.loads(path.read_bytes())
        whole = isinstance(document["format"], int) and isinstance(document["store_id"], str)
        wrong = None if whole else "has no format or no store_id"
        if whole and document["format"] > STORE_FORMAT:
            return []
    except FileNotFoundError:
        # before the first opening an inbox may be all there is
        wrong = "is missing" if (place / DATABASE).exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = f"can't be understood: {error}"
    if wrong is None:
        return []
    found = Finding("store-file", STORE_FILE, wrong)
    if quarantine is None:
        return [found]
    if path.exists():
        quarantine.move(path, f"store.json {wrong}")
    try:
        restore_store_file(place)
    except (OSError, sqlite3.Error) as error:
        return [found, Finding("store-file", STORE_FILE, f"can't be made again: {error}")]
    return [Finding("store-file", STORE_FILE, wrong, fixed="made again, with the id that the database has")]
