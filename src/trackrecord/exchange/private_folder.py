"""A folder of this process alone, gone with it: also what a killed process left is removed, by the next one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trackrecord.journal.process import is_gone, this_process

#: what the names of folders begin with in which an export is made
PARTIAL = ".trackrecord-partial-"
_OWNER = "owner.json"
#: a folder that does not say whose it is was just made, or its process was killed while it made it
_NAMELESS_S = 60.0


@contextmanager
def private_folder(prefix: str, parent: Path) -> Iterator[Path]:
    """Yield a new folder in another one, readable by this user only.

    What is made in it and renamed to a place beside it is there whole or not at all. Raises OSError when it can't be
    made.
    """
    remove_abandoned(prefix, parent)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()
    try:
        try:
            (folder / _OWNER).write_text(json.dumps(this_process()), encoding="utf-8")
        except FileNotFoundError:  # this process slept so long that another one took the folder for abandoned
            folder.mkdir(mode=0o700)
            (folder / _OWNER).write_text(json.dumps(this_process()), encoding="utf-8")
        yield folder
    finally:
        _remove(folder)


def remove_abandoned(prefix: str, parent: Path) -> None:
    """Remove such folders of this user whose process is proven to be gone."""
    try:
        with os.scandir(parent) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(prefix)]
    except OSError:
        return
    for folder in found:
        if _is_abandoned(folder):
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, last of all whose it is: whoever is killed meanwhile leaves one that is known as abandoned."""
    try:
        with os.scandir(folder) as entries:
            inside = [Path(entry.path) for entry in entries if entry.name != _OWNER]
    except OSError:
        inside = []
    for each in inside:
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            with suppress(OSError):
                each.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        there = folder.lstat()
    except OSError:
        return False  # somebody else has just removed it
    try:
        if folder.is_symlink() or (hasattr(os, "getuid") and there.st_uid != os.getuid()):
            return False
        owner = json.loads((folder / _OWNER).read_text(encoding="utf-8"))
        return isinstance(owner, dict) and is_gone(owner) is True
    except FileNotFoundError:
        return time.time() - there.st_mtime > _NAMELESS_S
    except (OSError, ValueError):
        return False
