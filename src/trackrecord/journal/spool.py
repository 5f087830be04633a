"""Journals on a local disk first: ``TRACKRECORD_SPOOL`` names a folder, from which they go on to the store's inbox.

For stores on network disks that are slow or away at times. A writer appends to ``<spool>/<store>/journals``; the
background thread of any recording process of this host, and any reader that has the variable, forwards what is there:
new bytes are
appended to the file of the same name in the store's inbox. A local file is removed when all of it has been forwarded
and synced and its writer has closed it, or is proven gone. What was forwarded twice is taken in once (invariant J7).

The lock that keeps two of these from appending to one file is on the local disk; without such locks (Windows)
nothing is spooled. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from trackrecord.journal.files import sync_folder
from trackrecord.journal.format import FILE_HEADER, RECORD_HEADER, SYNC, Kind
from trackrecord.journal.place import INBOX
from trackrecord.journal.process import is_gone
from trackrecord.journal.segments import parse_segment_name

VARIABLE = "TRACKRECORD_SPOOL"
#: not "inbox": the folder is no store, and nobody takes in from it
_SPOOLED = "journals"
_PIECE = 4 << 20
#: a close record is far shorter
_TAIL = 1024


def inbox_for(store: str | os.PathLike[str]) -> str:
    """Return where a writer of ``store`` puts its journals: the store's inbox, or this host's spool for it.

    The spool is made when it is not there; where it can't be, the store's inbox it is.
    """
    inbox, folder = os.path.join(os.fspath(store), INBOX), _folder_for(store)
    if folder is None:
        return inbox
    spooled = os.path.join(folder, _SPOOLED)
    try:
        os.makedirs(spooled, mode=0o700, exist_ok=True)
    except OSError:
        return inbox
    return spooled


def forward(store: str | os.PathLike[str]) -> int:
    """Bring what this host has spooled for a store on to its inbox; return how many bytes that was.

    Does nothing without ``TRACKRECORD_SPOOL``, or when another process is doing it. Raises OSError when the store
    can't be written to: what is spooled stays, and is forwarded another time.
    """
    folder = _folder_for(store)
    if folder is None:
        return 0
    source, target = os.path.join(folder, _SPOOLED), os.path.join(os.fspath(store), INBOX)
    try:
        names = [name for name in os.listdir(source) if parse_segment_name(name) is not None]
    except (FileNotFoundError, NotADirectoryError):  # the latter: the variable names a file
        return 0
    forwarded = 0
    with _locked(folder) as mine:
        for name in sorted(names) if mine else ():
            forwarded += _forward_one(os.path.join(source, name), os.path.join(target, name))
    return forwarded


def _forward_one(source: str, target: str) -> int:
    try:
        file = open(source, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return 0
    with file:
        # in this order: what a process wrote before it ended is never overlooked
        done = _is_closed(file) or _is_gone(file)
        size = os.fstat(file.fileno()).st_size
        copied = 0
        with open(target, "ab") as copy:
            have = copy.tell()
            if have < size:
                file.seek(have)
                while copied < size - have and (data := file.read(min(_PIECE, size - have - copied))):
                    copy.write(data)
                    copied += len(data)
                copy.flush()
                os.fsync(copy.fileno())
        if have == 0:
            sync_folder(os.path.dirname(target))
    if done:
        os.unlink(source)
    return copied


def _folder_for(store: str | os.PathLike[str]) -> str | None:
    spool = os.environ.get(VARIABLE)
    if not spool:
        return None
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return None
    import hashlib

    place = os.path.realpath(store)
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    return os.path.join(os.path.abspath(os.path.expanduser(spool)), f"{os.path.basename(place)}-{name}")


@contextmanager
def _locked(folder: str) -> Iterator[bool]:
    """Tell whether this process alone may forward from a folder on a local disk."""
    import fcntl

    file = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _is_closed(file: IO[bytes]) -> bool:
    """Tell whether the last record of a segment is its writer's close."""
    from trackrecord.journal.reader import Record, scan  # what records only has no use for it

    size = file.seek(0, os.SEEK_END)
    file.seek(max(FILE_HEADER.size, size - _TAIL))
    tail = file.read()
    at = tail.rfind(SYNC)
    if at < 0 or len(tail) - at < RECORD_HEADER.size:
        return False
    records = [item for item in scan(tail[at:], 0) if isinstance(item, Record)]
    return len(records) == 1 and records[0].kind == Kind.CLOSE


def _is_gone(file: IO[bytes]) -> bool:
    """Tell whether the process that the first record names has ended, as far as can be proven."""
    from trackrecord.journal.reader import Record, scan

    file.seek(0)
    for item in scan(file.read(_PIECE), FILE_HEADER.size):
        if isinstance(item, Record) and item.kind == Kind.SEGMENT:
            process = item.fields().get("process")
            return is_gone(process if isinstance(process, dict) else {}) is True
        break
    return False
