"""Opening, syncing and giving up the files of journals, for a writer that must not raise."""

from __future__ import annotations

import errno
import os

#: a new file, written at its end only, not handed on to other programs
OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
OPEN_FLAGS |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
#: the same for a file that is there already
OPEN_AGAIN_FLAGS = OPEN_FLAGS & ~os.O_CREAT & ~os.O_EXCL

_PIECE = 1 << 20


def sync_quietly(file: int) -> None:
    """Have the system write a file to disk; where it can't, that is as good as it gets."""
    try:
        os.fsync(file)
    except OSError:
        pass


def close_quietly(file: int) -> None:
    """Close a file that may be closed already."""
    try:
        os.close(file)
    except OSError:
        pass


def sync_folder(folder: str) -> None:
    """Make new names in a folder last through a power cut; where folders can't be synced there is no need."""
    try:
        file = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    sync_quietly(file)
    close_quietly(file)


def read_all(file: int) -> bytes:
    """Return what an open file holds. Its writer appends only, so that the place of reading does not matter to it."""
    size = os.fstat(file).st_size
    os.lseek(file, 0, os.SEEK_SET)
    return os.read(file, size)


def write_again(file: int, path: str) -> None:
    """Write what a deleted file holds to its old place, while the system still has it for us.

    Raises OSError, and leaves nothing there, when the disk does not take all of it.
    """
    again = os.open(path, OPEN_FLAGS, 0o644)
    try:
        os.lseek(file, 0, os.SEEK_SET)
        while piece := os.read(file, _PIECE):
            if os.write(again, piece) != len(piece):
                raise OSError(errno.ENOSPC, "a write came out short", path)
        os.fsync(again)
    except OSError:
        remove_quietly(path)
        raise
    finally:
        os.close(again)


def remove_quietly(path: str) -> None:
    """Remove a file; one that can't be removed stays."""
    try:
        os.unlink(path)
    except OSError:
        pass
