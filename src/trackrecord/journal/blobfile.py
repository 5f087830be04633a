"""Bytes by their digest, as files: ``blobs/ab/cd/<64 hex digits>``. Standard library only: writers use it too.

A blob is written to a partial name in the same folder, synced, read back for its digest, and renamed. So a name
that is there always holds the bytes it promises, whoever was killed while writing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import NamedTuple

from trackrecord.words.errors import FormatError, NotFoundError

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_PIECE = 1 << 20
#: FICLONE of linux/fs.h, the same number on every architecture Linux calls "generic"
_FICLONE = 0x40049409
PARTIAL_PREFIX = "partial."


class Stored(NamedTuple):
    """Which bytes are in the folder now: their digest as ``sha256:<hex>`` and how many there are."""

    digest: str
    size: int


def digest_of(data: bytes) -> str:
    """Return the name of some bytes.

    >>> digest_of(b"")[:15]
    'sha256:e3b0c442'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob_path(folder: str, digest: str) -> str:
    """Return where the bytes of ``digest`` lie below ``folder`` (a store's ``blobs``), whether or not they are there.

    Raises FormatError for anything but ``sha256:`` and 64 lower-case hex digits, so no digest leads elsewhere.
    """
    match = _DIGEST.match(digest)
    if match is None:
        raise FormatError(
            f"{digest!r:.100} is no digest", hint="a digest is 'sha256:' and 64 lower-case hex digits"
        )
    name = match[1]
    return os.path.join(folder, name[:2], name[2:4], name)


def put_bytes(folder: str, data: bytes) -> Stored:
    """Keep some bytes; nothing is written when they are there already. Raises OSError when the disk refuses.

    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> put_bytes(folder, b"abc").size
    3
    """
    digest = digest_of(data)
    target = blob_path(folder, digest)
    if _holds(target, len(data)):
        return Stored(digest, len(data))
    partial = _partial_name(folder)
    try:
        with open(partial, "xb") as file:
            file.write(data)
            _sync(file.fileno())
        if _digest_of_file(partial) != digest:
            raise OSError(f"{partial} does not hold what was written to it; the disk may be failing")
        _publish(partial, target)
    finally:
        _remove(partial)
    return Stored(digest, len(data))


def put_file(folder: str, source: str) -> Stored:
    """Keep the bytes of a user's file, by reflink where the file system can, else by copy; never by hard link.

    What is kept is what the copy holds: a file that changes meanwhile can't make a blob lie about its digest.
    Raises OSError when the file can't be read or the disk refuses.
    """
    partial = _partial_name(folder)
    try:
        with open(source, "rb") as original, open(partial, "xb") as copy:
            if not _reflink(original.fileno(), copy.fileno()):
                shutil.copyfileobj(original, copy, _PIECE)
            copy.flush()
            _sync(copy.fileno())
            size = os.fstat(copy.fileno()).st_size
        digest = _digest_of_file(partial)
        target = blob_path(folder, digest)
        if not _holds(target, size):
            _publish(partial, target)
    finally:
        _remove(partial)
    return Stored(digest, size)


def read_pieces(folder: str, digest: str, piece: int = _PIECE) -> Iterator[bytes]:
    """Yield the bytes of a blob in pieces. Raises NotFoundError when they are not here."""
    path = blob_path(folder, digest)
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, but a missing one is named before the first piece
    except FileNotFoundError:
        raise NotFoundError(
            f"the bytes of {digest} are not in this store",
            hint="they may not have been sent yet, or were removed by hand; `trackrecord check` lists what is missing",
        ) from None
    with file:
        while data := file.read(piece):
            yield data


def _holds(path: str, size: int) -> bool:
    try:
        if os.stat(path).st_size != size:
            return False
    except OSError:
        return False
    try:
        os.utime(path)  # its age counts from its last use: `trackrecord gc` leaves young ones alone
    except OSError:
        pass  # of another user: it is cited by that one's runs
    return True


def _partial_name(folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, PARTIAL_PREFIX + os.urandom(8).hex())


def _digest_of_file(path: str) -> str:
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(_PIECE):
            hasher.update(data)
    return "sha256:" + hasher.hexdigest()


def _publish(partial: str, target: str) -> None:
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    os.replace(partial, target)
    if sys.platform != "win32":  # a folder can't be opened there
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        import errno

        # some network and FUSE file systems know no fsync; a full or failing disk is another matter
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise


def _reflink(source: int, target: int) -> bool:
    """Share the blocks of one file with another (Btrfs, XFS, ...); False where that can't be done."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # renamed to its place, or never made
