"""Where a store is, and making an empty one. Standard library only; used by writers and readers alike."""

from __future__ import annotations

import json
import os
from pathlib import Path

STORE_FOLDER = ".trackrecord"
STORE_FILE = "store.json"
INBOX = "inbox"
BLOBS = "blobs"
#: the layout of a store's folder; a reader that knows a lower one refuses the store
STORE_FORMAT = 1


def find_store(
    path: str | os.PathLike[str] | None = None, *, start: str | os.PathLike[str] | None = None
) -> Path:
    """Return the folder of the store to use, whether it exists already or not.

    ``path`` if given; else ``$TRACKRECORD_STORE``; else the first ``.trackrecord`` folder from ``start`` (the working
    folder) upwards to the root of the repository; else the place where one would be made: at the repository's root,
    or in the working folder outside of any repository.
    """
    given = path or os.environ.get("TRACKRECORD_STORE")
    if given:
        return Path(os.path.abspath(os.path.expanduser(given)))
    folder = os.path.abspath(start or os.getcwd())
    first = folder
    while True:
        candidate = os.path.join(folder, STORE_FOLDER)
        if os.path.isdir(candidate):
            return Path(candidate)
        if os.path.exists(os.path.join(folder, ".git")):
            return Path(candidate)
        above = os.path.dirname(folder)
        if above == folder:
            return Path(first, STORE_FOLDER)
        folder = above


def make_store(path: str | os.PathLike[str]) -> None:
    """Make the folders and the ``store.json`` of an empty store, where they are not there yet.

    Any number of processes may do this at once. Raises OSError where the place can't be written to.
    """
    path = os.fspath(path)
    os.makedirs(path, mode=0o700, exist_ok=True)
    for folder in (INBOX, BLOBS):
        os.makedirs(os.path.join(path, folder), mode=0o700, exist_ok=True)
    _write_once(os.path.join(path, ".gitignore"), b"*\n")
    document = {"format": STORE_FORMAT, "store_id": os.urandom(16).hex()}
    _write_once(os.path.join(path, STORE_FILE), json.dumps(document).encode() + b"\n")


def fallback_stores() -> list[Path]:
    """Return where to record when the wanted store can't be written to, best place first."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return [Path(state, "trackrecord", "fallback"), Path(_temporary_folder(), f"trackrecord-{user}")]


def _temporary_folder() -> str:
    # not by the module tempfile: loading it, and what it tries out, takes files that may not be left to open
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next((folder for folder in named if folder and os.path.isdir(folder)), "/tmp")  # noqa: S108


def _write_once(path: str, content: bytes) -> None:
    """Write a whole file unless there is one; of several processes the first one wins, and none sees a half."""
    if os.path.exists(path):
        return
    partial = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    except OSError:
        # no hard links on this file system: rename wins over an equal file of another process, at worst
        if not os.path.exists(path):
            os.replace(partial, path)
            return
    os.unlink(partial)
