"""Where a backup is written: a folder or a tar file, under a partial name until all of it is there and read back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Protocol

from trackrecord.journal.files import sync_folder
from trackrecord.words.errors import FormatError, UsageError

MANIFEST = "backup.json"
MANIFEST_FORMAT = 1
_PIECE = 1 << 20


class Kept(NamedTuple):
    """One file of a backup."""

    size: int
    sha256: str


class NotCopiedError(Exception):
    """A thing in a store was not copied. Its text says why, after the name of the thing."""


class Target(Protocol):
    """Takes the files of a backup. Used with ``with``: what was not finished leaves nothing behind."""

    place: Path

    def put(self, name: str, source: Path, *, must_be: str | None = None) -> Kept | None:
        """Copy a file as long as it is now; None, and nothing kept, when its digest is not the one it must have.

        Raises FileNotFoundError when it is not there, NotCopiedError when it is no regular file or can't be opened; a
        symbolic link is followed only where ``must_be`` says what it has to lead to.
        """

    def reuse(self, name: str) -> Kept | None:
        """Take a file over from the backup that is replaced; None when it has none of this name."""

    def finish(self, manifest: bytes) -> None:
        """Put the result in its place."""

    def __enter__(self) -> Target: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FolderTarget:
    """A folder; an earlier backup of the same store there is replaced.

    Raises UsageError when something else is there.
    """

    def __init__(self, place: Path, store_id: str) -> None:
        self.place = place
        self._former: dict[str, Kept] = {}
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            if not (place / MANIFEST).is_file():
                raise UsageError(
                    f"{place} is there already and is no backup",
                    hint="name a new folder, or one with a backup",
                )
            manifest = read_manifest((place / MANIFEST).read_bytes(), place)
            if manifest["store_id"] != store_id:
                raise UsageError(f"{place} is the backup of another store", hint="name another folder")
            self._former = {
                name: Kept(int(kept["size"]), str(kept["sha256"])) for name, kept in manifest["files"].items()
            }
        place.parent.mkdir(parents=True, exist_ok=True)
        self._partial = place.with_name(f".{place.name}.{os.urandom(4).hex()}.partial")
        self._partial.mkdir(mode=0o700)

    def put(self, name: str, source: Path, *, must_be: str | None = None) -> Kept | None:
        """Copy a file, and read back what was written."""
        target = self._partial / name
        with _open_regular(source, follow=must_be is not None) as original:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as copy:
                written = copy_hashed(original, copy, os.fstat(original.fileno()).st_size)
                copy.flush()
                os.fsync(copy.fileno())
        if digest_of_file(target) != written.sha256:
            raise OSError(f"{target} does not hold what was written to it; the disk may be failing")
        if must_be is not None and written.sha256 != must_be:
            target.unlink()
            return None
        return written

    def reuse(self, name: str) -> Kept | None:
        """Link a file of the former backup, so that it is whole until the new one is in its place."""
        kept, source, target = self._former.get(name), self.place / name, self._partial / name
        try:
            if kept is None or source.stat().st_size != kept.size:
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
        except OSError:
            return None  # no links on this file system: it is copied from the store again
        return kept

    def finish(self, manifest: bytes) -> None:
        """Put the result in its place; for a moment the former backup has another name."""
        with (self._partial / MANIFEST).open("xb") as file:
            file.write(manifest)
            file.flush()
            os.fsync(file.fileno())
        for folder, _, _ in os.walk(self._partial):
            sync_folder(folder)
        former = self.place.with_name(f".{self.place.name}.{os.urandom(4).hex()}.former")
        if self.place.exists():
            self.place.rename(former)
        try:
            self._partial.rename(self.place)
        except OSError:
            if former.exists():
                former.rename(self.place)
            raise
        sync_folder(os.fspath(self.place.parent))
        shutil.rmtree(former, ignore_errors=True)

    def __enter__(self) -> FolderTarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)


class TarTarget:
    """A tar file, written anew. Raises OSError where it can't be made."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.parent.mkdir(parents=True, exist_ok=True)
        self._partial = place.with_name(f".{place.name}.{os.urandom(4).hex()}.partial")
        self._file = self._partial.open("xb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._digests: dict[str, str] = {}

    def put(self, name: str, source: Path, *, must_be: str | None = None) -> Kept | None:
        """Add a file."""
        with _open_regular(source, follow=must_be is not None) as original:
            size = os.fstat(original.fileno()).st_size
            if must_be is not None:
                if _digest_of(original) != must_be:
                    return None
                original.seek(0)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = size, 0o600
            reader = _Hashing(original, size)
            self._tar.addfile(entry, reader)
        self._digests[name] = reader.hexdigest()
        return Kept(size, self._digests[name])

    def reuse(self, name: str) -> Kept | None:  # noqa: ARG002 (a tar file is written whole)
        """Return None: a tar file is written whole."""
        return None

    def finish(self, manifest: bytes) -> None:
        """Read back what was written, and put it in its place."""
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(manifest), 0o600
        self._tar.addfile(entry, io.BytesIO(manifest))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        with tarfile.open(self._partial, "r:") as written:
            for member in written:
                content = written.extractfile(member)
                assert content is not None
                if member.name != MANIFEST and _digest_of(content) != self._digests[member.name]:
                    raise OSError(
                        f"{self._partial} does not hold what was written to it; the disk may be failing"
                    )
        self._partial.replace(self.place)
        sync_folder(os.fspath(self.place.parent))

    def __enter__(self) -> TarTarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)


class _Hashing:
    """A file of a known length: bytes that come behind it are left out, so that it may grow meanwhile."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size
        self._hasher = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self._hasher.update(data)
        return data

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


def _open_regular(path: Path, *, follow: bool) -> IO[bytes]:
    """Open a file for reading; never waits for a pipe, never reads a device, never leaves the store by a link."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        mode = (path.stat() if follow else path.lstat()).st_mode
        if not stat.S_ISREG(mode):
            raise NotCopiedError("is a symbolic link" if stat.S_ISLNK(mode) else "is no regular file")
        # it may have been exchanged since, so the same is asked of what was opened
        number = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotCopiedError(f"can't be read: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise NotCopiedError("is no regular file")
    return os.fdopen(number, "rb")


def read_manifest(content: bytes, place: Path) -> dict[str, Any]:
    """Return what ``backup.json`` says. Raises FormatError when it can't be understood."""
    try:
        manifest = json.loads(content)
        known = manifest["format"] <= MANIFEST_FORMAT
        if not isinstance(manifest["files"], dict) or not isinstance(manifest["store_id"], str):
            raise TypeError("it has no files or no store_id")
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{place / MANIFEST} can't be understood: {error}") from error
    if not known:
        raise FormatError(
            f"the backup {place} has format {manifest['format']}, made by a newer Trackrecord",
            hint="upgrade with: pip install -U trackrecord",
        )
    return dict(manifest)


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return _digest_of(file)


def _digest_of(file: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    while data := file.read(_PIECE):
        hasher.update(data)
    return hasher.hexdigest()


def copy_hashed(original: IO[bytes], copy: IO[bytes], size: int = 1 << 62) -> Kept:
    """Copy at most so many bytes; return how many there were, and their SHA-256."""
    reader = _Hashing(original, size)
    written = 0
    while data := reader.read(_PIECE):
        copy.write(data)
        written += len(data)
    return Kept(written, reader.hexdigest())
