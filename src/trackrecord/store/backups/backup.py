"""A copy of a store that is in use, in which nothing recorded before it began is missing.

**The order, and why.** A record lies in a segment of the inbox, or in the database, and for a while in both: the
ingester commits it to the database first and removes the segment after that.

1. *Inbox.* Each segment is copied as long as it is now. One that is gone when its turn comes was removed after its
   commit, so the database, which is copied later, has it.
2. *Blobs.* A blob is there before anything cites it.
3. *Database*, from one snapshot. What it has taken in since step 1 is in both copies, and taking in again changes
   nothing (invariant J7): progress is in the same snapshot as the data.
4. *Blobs again*: those that came during step 2 and 3, which the snapshot may cite. What gc removed between 2 and 3 was
   copied in 2.

The other order would lose what was committed after the snapshot and removed before the inbox was copied. The result
is written under a partial name, read back, described with the digest of every file in ``backup.json``, and renamed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trackrecord.journal.blobfile import PARTIAL_PREFIX
from trackrecord.journal.place import BLOBS, INBOX, STORE_FILE
from trackrecord.journal.segments import parse_segment_name
from trackrecord.store.backups.backup_target import (
    MANIFEST_FORMAT,
    FolderTarget,
    Kept,
    NotCopiedError,
    Target,
    TarTarget,
)
from trackrecord.store.checking.blobs import cited_digests, files_below
from trackrecord.store.checking.quarantine import FOLDER as QUARANTINE
from trackrecord.store.embedded import DATABASE, EmbeddedStore
from trackrecord.words.errors import StoreUnavailableError, UsageError

#: told what is copied, how many of it are done, and of how many (None: not known)
Progress = Callable[[str, int, "int | None"], None]

_PAGES = 4096
#: gc may be quicker than the copy; then the database is copied again
_TRIES = 5


@dataclass(slots=True)
class BackupReport:
    """What a backup holds. ``copied`` and ``reused`` count blobs; ``problems`` are sentences about what it lacks."""

    path: str
    store_id: str
    files: int = 0
    bytes: int = 0
    copied: int = 0
    reused: int = 0
    journals: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the backup holds all that the store holds."""
        return not self.problems


def back_up(
    store: EmbeddedStore, destination: str | os.PathLike[str], *, on_progress: Progress | None = None
) -> BackupReport:
    """Copy a store to a folder, or to a file that ends in ``.tar``; it may be in use by anybody meanwhile.

    A folder that holds an earlier backup of the same store is replaced at the end; blobs that it has are not copied
    again. Raises UsageError for a destination that is something else, OSError when it can't be written.
    """
    place = Path(destination).absolute()
    _refuse_within(store.path, place)
    target: Target = TarTarget(place) if place.suffix == ".tar" else FolderTarget(place, store.store_id)
    with target:
        return _Backup(store, target, on_progress or _say_nothing).run()


def _say_nothing(_what: str, _done: int, _total: int | None) -> None:
    pass


class _Backup:
    def __init__(self, store: EmbeddedStore, target: Target, tell: Progress) -> None:
        self._store = store
        self._target = target
        self._tell = tell
        self._report = BackupReport(os.fspath(target.place), store.store_id)
        self._files: dict[str, Kept] = {}

    def run(self) -> BackupReport:
        began = time.time_ns()
        self._inbox()
        self._blobs()
        with tempfile.TemporaryDirectory(prefix=".trackrecord-", dir=self._target.place.parent) as folder:
            copy = Path(folder, DATABASE)
            for attempt in range(_TRIES):
                self._database(copy)
                self._blobs()
                missing = self._missing(copy)
                if not missing or attempt == _TRIES - 1:
                    break
                time.sleep(0.05)
            self._report.problems += [
                f"the bytes of {digest} are cited and not in the store" for digest in missing
            ]
            self._put(DATABASE, copy)
        if (self._store.path / STORE_FILE).exists():
            self._put(STORE_FILE, self._store.path / STORE_FILE)
        for path in files_below(self._store.path / QUARANTINE):
            self._put(path.relative_to(self._store.path).as_posix(), path)
        self._report.files = len(self._files)
        self._report.bytes = sum(kept.size for kept in self._files.values())
        manifest = {
            "format": MANIFEST_FORMAT,
            "store_id": self._store.store_id,
            "began": began,
            "ended": time.time_ns(),
            "problems": self._report.problems,
            "files": {
                name: {"size": kept.size, "sha256": kept.sha256} for name, kept in sorted(self._files.items())
            },
        }
        self._target.finish(json.dumps(manifest, indent=1).encode() + b"\n")
        return self._report

    def _inbox(self) -> None:
        """Copy what waits, each file as long as it was when it was opened."""
        try:
            names = sorted(path.name for path in self._store.inbox.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return
        for done, name in enumerate(names):
            self._tell("journals", done, len(names))
            if parse_segment_name(name) is not None and self._put(
                f"{INBOX}/{name}", self._store.inbox / name
            ):
                self._report.journals += 1

    def _blobs(self) -> None:
        folder = self._store.blobs.folder
        for done, path in enumerate(files_below(folder)):
            self._tell("blobs", done, None)
            name = f"{BLOBS}/{path.relative_to(folder).as_posix()}"
            if name in self._files or path.name.startswith(PARTIAL_PREFIX) or len(path.name) != 64:
                continue
            reused = self._target.reuse(name)
            if reused is not None and reused.size == _size(path):
                self._files[name] = reused
                self._report.reused += 1
                continue
            try:
                kept = self._target.put(name, path, must_be=path.name)
            except FileNotFoundError:
                continue  # removed by gc: nothing cites it
            except NotCopiedError as error:
                self._leave_out(name, error)
                continue
            if kept is None:
                self._report.problems.append(
                    f"{name} holds other bytes than its name says: run `trackrecord check`"
                )
                continue
            self._files[name] = kept
            self._report.copied += 1

    def _database(self, copy: Path) -> None:
        copy.unlink(missing_ok=True)
        target = sqlite3.connect(copy, isolation_level=None)
        try:
            with self._store.connections.snapshot() as source:
                source.execute(
                    "SELECT value FROM revision"
                ).fetchone()  # the snapshot begins with the first look
                source.backup(
                    target,
                    pages=_PAGES,
                    sleep=0,
                    progress=lambda _status, left, total: self._tell("database pages", total - left, total),
                )
            # whoever takes in the inbox of the store has nothing to do with the copy
            target.execute("DELETE FROM lease")
            # one file, whole by itself
            target.execute("PRAGMA journal_mode = DELETE")
            self._tell("database, reading it back", 0, None)
            answer = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise StoreUnavailableError(
                f"{self._store.path / DATABASE} can't be copied: {error}", hint="run `trackrecord check`"
            ) from error
        finally:
            target.close()
        if answer != "ok":
            raise StoreUnavailableError(
                f"{self._store.path / DATABASE} is damaged, no backup was made: {answer}",
                hint="run `trackrecord check --fix`; an earlier backup is left as it is",
            )

    def _missing(self, copy: Path) -> list[str]:
        """Return the digests that the copied database cites and that were not copied."""
        connection = sqlite3.connect(copy)
        try:
            cited = cited_digests(connection)
        finally:
            connection.close()
        have = {f"sha256:{name.rpartition('/')[2]}" for name in self._files if name.startswith(f"{BLOBS}/")}
        return sorted(cited - have)

    def _put(self, name: str, path: Path) -> bool:
        try:
            kept = self._target.put(name, path)
        except FileNotFoundError:
            return False  # taken in and removed meanwhile: the database has it
        except NotCopiedError as error:
            self._leave_out(name, error)
            return False
        assert kept is not None
        self._files[name] = kept
        return True

    def _leave_out(self, name: str, why: NotCopiedError) -> None:
        problem = f"{name} was not copied: it {why}"
        if problem not in self._report.problems:  # blobs are gone through twice
            self._report.problems.append(problem)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _refuse_within(store: Path, place: Path) -> None:
    real, source = place.parent.resolve() / place.name, store.resolve()
    if real == source or source in real.parents or real in source.parents:
        raise UsageError(
            f"the backup {place} and the store {store} can't lie within each other",
            hint="name a place outside of the store, best on another disk",
        )
