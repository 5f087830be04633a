"""Whether every blob holds the bytes that its name promises, and every bytes that a row cites are there."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trackrecord.journal.blobfile import PARTIAL_PREFIX
from trackrecord.store.checking.finding import NOTE, Finding

_NAME = re.compile(r"[0-9a-f]{64}\Z")
_PIECE = 1 << 20
#: a blob that is being written is younger; gc leaves what is younger than a day, too
_FORGOTTEN_AFTER_S = 24 * 3600

#: which rows cite blobs: the run's id where one is known, and the digest
_CITING = (
    "SELECT r.id, m.digest FROM media m JOIN run r ON r.number = m.run WHERE m.digest IS NOT NULL",
    "SELECT r.id, f.digest FROM fact f JOIN run r ON r.number = f.run WHERE f.digest IS NOT NULL",
    (
        "SELECT (SELECT min(r.id) FROM run_artifact x JOIN run r ON r.number = x.run WHERE x.artifact = f.artifact),"
        " f.digest FROM artifact_file f"
    ),
)


@dataclass(slots=True)
class BlobFiles:
    """The files of ``blobs/``: digests that are there and whole, and what was found."""

    whole: set[str] = field(default_factory=set)
    damaged: list[tuple[Path, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    bytes: int = 0


def check_files(folder: Path, on_file: Callable[[], None]) -> BlobFiles:
    """Read every blob and compare it with its name. ``on_file`` is called after each."""
    found = BlobFiles()
    now = time.time()
    for path in files_below(folder):
        place = f"blobs/{path.relative_to(folder).as_posix()}"
        try:
            state = path.stat()
            if path.name.startswith(PARTIAL_PREFIX):
                if now - state.st_mtime > _FORGOTTEN_AFTER_S:
                    found.findings.append(Finding("blob-partial", place, "was never finished", NOTE))
                continue
            expected = path.name
            if not _NAME.match(expected) or path.parent.relative_to(folder).parts != (
                expected[:2],
                expected[2:4],
            ):
                found.findings.append(Finding("blob-stray", place, "is no blob: its name is no digest", NOTE))
                continue
            actual = _digest(path)
        except FileNotFoundError:
            continue  # removed by gc meanwhile
        except OSError as error:
            found.findings.append(Finding("blob", place, f"can't be read: {error.strerror or error}"))
            found.whole.add(f"sha256:{path.name}")  # it is there: not missing as well
            continue
        found.bytes += state.st_size
        if actual == expected:
            found.whole.add(f"sha256:{expected}")
        else:
            found.damaged.append((path, expected))
            message = f"holds other bytes than its name promises: their digest is {actual[:16]}..."
            found.findings.append(Finding("blob", place, message))
        on_file()
    return found


def check_cited(connection: sqlite3.Connection, whole: set[str], waiting: set[str]) -> list[Finding]:
    """Return the blobs that rows cite and that are missing, and how many are cited by none.

    ``waiting`` are digests of contents that still lie in the inbox.
    """
    findings = []
    cited: set[str] = set()
    for sql in _CITING:
        for run, digest in connection.execute(sql):
            if digest not in cited and digest not in whole and digest not in waiting:
                message = f"the bytes of {digest} are cited and not in blobs/"
                findings.append(Finding("blob-missing", f"store.db: run {run}", message, run=run))
            cited.add(digest)
    unused = whole - cited
    if unused:
        message = f"{len(unused)} blobs are cited by no run; `trackrecord gc` frees them"
        findings.append(Finding("blob-unused", "blobs/", message, NOTE))
    return findings


def cited_digests(connection: sqlite3.Connection) -> set[str]:
    """Return all digests that rows cite."""
    return {digest for sql in _CITING for _, digest in connection.execute(sql)}


def is_there(folder: Path, digest: str) -> bool:
    """Tell whether there is a file for a digest at this moment; a text that is no digest has none."""
    name = digest.removeprefix("sha256:")
    return bool(_NAME.match(name)) and (folder / name[:2] / name[2:4] / name).is_file()


def runs_citing(connection: sqlite3.Connection, digest: str) -> list[str]:
    """Return the ids of the runs that cite a digest."""
    found = {run for sql in _CITING for run, cited in connection.execute(sql) if cited == digest}
    return sorted(run for run in found if run is not None)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, in the order of their paths; none when it is not there."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        elif is_regular(entry):
            yield Path(entry.path)


def is_regular(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry of a folder is a file, or leads to one; a link that leads round in a circle does not."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _digest(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_PIECE):
            hasher.update(data)
    return hasher.hexdigest()
