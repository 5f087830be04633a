"""Opening, syncing and giving up the files of journals, for a writer that must not raise."""

from __future__ import annotations

import os
from collections.abc import Callable

#: a new file, written at its end only, not handed on to other programs
OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
OPEN_FLAGS |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def _quietly(action: Callable[[int], None]) -> Callable[[int], None]:
    def run(file: int) -> None:
        try:
            action(file)
        except OSError:
            pass

    return run


sync_quietly = _quietly(os.fsync)
close_quietly = _quietly(os.close)


def sync_folder(folder: str) -> None:
    """Make new names in a folder last through a power cut; where folders can't be synced there is no need."""
    try:
        file = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    sync_quietly(file)
    close_quietly(file)


def write_again(file: int, size: int, path: str) -> None:
    """Write what a deleted file holds to its old place, while the system still has it for us."""
    os.lseek(file, 0, os.SEEK_SET)
    content = os.read(file, size)
    again = os.open(path, OPEN_FLAGS, 0o644)
    try:
        os.write(again, content)
        os.fsync(again)
    finally:
        os.close(again)


def remove_quietly(path: str) -> None:
    """Remove a file; one that can't be removed stays."""
    try:
        os.unlink(path)
    except OSError:
        pass
