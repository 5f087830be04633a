"""A store from a backup: every file against the digest that the backup was written with."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from trackrecord.journal.files import sync_folder
from trackrecord.journal.place import make_store
from trackrecord.store.backups.backup_target import MANIFEST, copy_hashed, read_manifest
from trackrecord.words.errors import FormatError, NotFoundError, UsageError

#: told what is copied, how many of it are done, and of how many
Progress = Callable[[str, int, "int | None"], None]

_SAFE = re.compile(r"(?:store\.json|store\.db|(?:inbox|blobs|quarantine)(?:/[A-Za-z0-9_.-]+)+)\Z")


def restore(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    on_progress: Progress | None = None,
) -> int:
    """Make a store from a backup (a folder or a tar file); return how many files it has.

    Nothing is overwritten: the destination must not be there, or be empty. Every file is compared with its digest, and
    only when all fit does the store appear in its place. Raises UsageError, NotFoundError, FormatError when something
    is damaged, OSError.
    """
    place, backup = Path(destination).absolute(), Path(source).absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            f"{place} is there already: nothing is overwritten",
            hint="name a new folder, or move the old one away",
        )
    if not backup.exists():
        raise NotFoundError(f"there is no backup at {backup}")
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.{os.urandom(4).hex()}.partial")
    partial.mkdir(mode=0o700)
    try:
        with _opened(backup) as files:
            count = _restore_all(files, backup, partial, on_progress or _say_nothing)
        make_store(partial)
        for folder, _, _ in os.walk(partial):
            sync_folder(folder)
        if place.exists():
            place.rmdir()
        partial.rename(place)
        sync_folder(os.fspath(place.parent))
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count


def _say_nothing(_what: str, _done: int, _total: int | None) -> None:
    pass


def _restore_all(files: _Files, backup: Path, partial: Path, tell: Progress) -> int:
    wanted: dict[str, Any] = files.manifest["files"]
    for name in wanted:
        if not _SAFE.match(name) or ".." in name.split("/"):
            raise FormatError(f"the backup {backup} names a file that is none of a store: {name!r:.100}")
    done: set[str] = set()
    for name, content in files.contents():
        kept = wanted.get(name)
        if kept is None:
            continue
        tell("files", len(done), len(wanted))
        target = partial / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            written = copy_hashed(content, copy)
            copy.flush()
            os.fsync(copy.fileno())
        if written != (kept["size"], kept["sha256"]):
            raise FormatError(
                f"{name} in the backup {backup} is damaged: it does not have the digest it was written with",
                hint="restore from another backup; nothing was restored",
            )
        done.add(name)
    missing = sorted(set(wanted) - done)
    if missing:
        raise FormatError(
            f"{len(missing)} files are missing in the backup {backup}, the first is {missing[0]}",
            hint="restore from another backup; nothing was restored",
        )
    return len(done)


class _Files:
    """The files of a backup, with its manifest."""

    def __init__(
        self, manifest: dict[str, Any], contents: Callable[[], Iterator[tuple[str, IO[bytes]]]]
    ) -> None:
        self.manifest = manifest
        self.contents = contents


@contextmanager
def _opened(backup: Path) -> Iterator[_Files]:
    if backup.is_dir():
        manifest = backup / MANIFEST
        if not manifest.is_file():
            raise _no_backup(backup)
        yield _Files(read_manifest(manifest.read_bytes(), backup), lambda: _in_folder(backup))
        return
    try:
        with tarfile.open(backup, "r:") as tar:
            try:
                entry = tar.extractfile(MANIFEST)
            except KeyError:
                raise _no_backup(backup) from None
            assert entry is not None
            yield _Files(read_manifest(entry.read(), backup), lambda: _in_tar(tar))
    except (tarfile.TarError, EOFError) as error:
        raise FormatError(
            f"{backup} is no whole tar file: {error}", hint="it may not have been copied to its end"
        ) from error


def _in_folder(backup: Path) -> Iterator[tuple[str, IO[bytes]]]:
    for folder, _, names in os.walk(backup):
        for name in sorted(names):
            path = Path(folder, name)
            with path.open("rb") as file:
                yield path.relative_to(backup).as_posix(), file


def _in_tar(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        if member.isfile():
            content = tar.extractfile(member)
            assert content is not None
            yield member.name, content


def _no_backup(place: Path) -> FormatError:
    return FormatError(
        f"{place} is no backup: it has no {MANIFEST}",
        hint="a plain copy of a store needs no restoring: use it as it is, with --store",
    )
