"""What a store holds and nobody needs: found with a report, removed when asked to.

A blob is garbage when no row, no journal in the inbox and nothing put aside as damaged speaks of it, and it is older
than a day: a run writes its files before the record that cites them.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trackrecord.journal.blobfile import PARTIAL_PREFIX
from trackrecord.journal.segments import parse_segment_name
from trackrecord.journal.stop_requests import STOP_SUFFIX
from trackrecord.store.database.disk_space import pack, space_of
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.lease import Lease
from trackrecord.store.liveness import run_states
from trackrecord.store.removal.purge import citing_tables
from trackrecord.store.removal.references import digests_in_files, digests_in_rows
from trackrecord.words.errors import StoreUnavailableError
from trackrecord.words.states import RunState

#: younger files may be in use by somebody who has not said so yet
OLD_ENOUGH_S = 24 * 3600.0
_BLOB = re.compile(r"[0-9a-f]{64}\Z")
_LEFTOVER = re.compile(
    r"(store\.json|\.gitignore)\..*\.partial\Z|\..*\.(probe|partial)\Z|.+\.stop\.[0-9]+\.[0-9a-f]+\.partial\Z"
)

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GarbageKind:
    """One kind of garbage: how many there are, and how many bytes they take."""

    kind: str
    count: int
    bytes: int
    meaning: str


@dataclass(slots=True)
class Garbage:
    """All that can be freed. ``before`` and ``after`` are bytes of the database, equal until something was done."""

    blobs: list[tuple[Path, int]] = field(default_factory=list)
    partials: list[tuple[Path, int]] = field(default_factory=list)
    probes: list[tuple[Path, int]] = field(default_factory=list)
    journals: list[tuple[Path, int]] = field(default_factory=list)
    stop_requests: list[tuple[Path, int]] = field(default_factory=list)
    projects: list[tuple[int, str]] = field(default_factory=list)
    free_pages: int = 0
    #: sentences about what could not be done
    problems: list[str] = field(default_factory=list)

    def files(self) -> list[tuple[Path, int]]:
        """Return every file with its size."""
        return [*self.blobs, *self.partials, *self.probes, *self.journals, *self.stop_requests]

    def kinds(self) -> tuple[GarbageKind, ...]:
        """Return what there is, kind by kind."""

        def of_files(kind: str, files: list[tuple[Path, int]], meaning: str) -> GarbageKind:
            return GarbageKind(kind, len(files), sum(size for _, size in files), meaning)

        return (
            of_files("blobs", self.blobs, "files that nothing refers to, older than a day"),
            of_files("partial files", self.partials, "left by writers that were killed, older than a day"),
            of_files("probe files", self.probes, "left by checks of the folder, older than a day"),
            of_files("journals", self.journals, "of purged runs"),
            of_files(
                "stop requests", self.stop_requests, "to runs that have ended or crashed, older than a day"
            ),
            GarbageKind("projects", len(self.projects), 0, "empty: no run, experiment, contract or artifact"),
            GarbageKind("free pages", int(self.free_pages > 0), self.free_pages, "in store.db"),
        )

    @property
    def total(self) -> int:
        """How many bytes would be freed."""
        return sum(kind.bytes for kind in self.kinds())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.files() and not self.projects and self.free_pages == 0


def find_garbage(store: EmbeddedStore, *, older_than_s: float = OLD_ENOUGH_S) -> Garbage:
    """Return what could be freed; changes nothing."""
    with store.connections.snapshot() as connection:
        found = _find(store, connection, time.time() - older_than_s)
    found.free_pages = space_of(store).free
    return found


def remove_garbage(
    store: EmbeddedStore, *, older_than_s: float = OLD_ENOUGH_S, wait_s: float = 5.0, tell: Tell | None = None
) -> Garbage:
    """Remove what is garbage now, and return what was removed; ``free_pages`` is by how much ``store.db`` shrank.

    Nothing is taken in meanwhile: it has the lease of the ingester. ``tell`` is called with how many files of how many
    are done. Raises StoreUnavailableError when the store can't be written to, or is being taken in by another process.
    """
    if store.read_only and not store.connections.can_write_again():
        raise StoreUnavailableError(
            f"the store {store.path} is read-only: nothing can be removed",
            hint="check the permissions of the folder",
        )
    lease = Lease()
    done = Garbage()
    size = space_of(store).size
    deadline = time.monotonic() + wait_s
    while not _remove(store, lease, done, older_than_s, deadline, tell):
        if time.monotonic() >= deadline:
            raise StoreUnavailableError(
                f"another process is taking in the inbox of {store.path} at this moment", hint="try again"
            )
        time.sleep(0.05)
    problem = pack(store)
    if problem is not None:
        done.problems.append(problem)
    done.free_pages = max(0, size - space_of(store).size)
    return done


def _remove(  # noqa: PLR0917
    store: EmbeddedStore, lease: Lease, done: Garbage, older_than_s: float, deadline: float, tell: Tell | None
) -> bool:
    with store.connections.writing(max(0.05, deadline - time.monotonic())) as connection:
        if not lease.take(connection):
            return False
        limit = time.time() - older_than_s
        found = _find(store, connection, limit)
        done.projects = _remove_projects(connection, found.projects)
        total, count = len(found.files()), 0
        for kind in ("blobs", "partials", "probes", "journals", "stop_requests"):
            for path, size in getattr(found, kind):
                # journals of purged runs go at any age; anything else may have been used again a moment ago
                if _unlink(path, None if kind == "journals" else limit, done):
                    getattr(done, kind).append((path, size))
                count += 1
                if tell is not None:
                    tell(count, total)
        lease.give_back(connection)
    return True


def _find(store: EmbeddedStore, connection: sqlite3.Connection, limit: float) -> Garbage:
    purged = frozenset(run for (run,) in connection.execute("SELECT run FROM tombstone"))
    found = Garbage()
    _find_in_inbox(store, connection, limit, purged, found)
    for path, size, changed in _files(store.path, deep=False):
        if changed < limit and _LEFTOVER.match(path.name):
            found.partials.append((path, size))
    unused = []
    for path, size, changed in _files(store.blobs.folder):
        if changed >= limit:
            continue
        if path.name.startswith(PARTIAL_PREFIX):
            found.partials.append((path, size))
        elif _BLOB.match(path.name):
            unused.append((path, size))
    if unused:
        # journals before rows: what is taken in meanwhile is in the one or the other
        used = digests_in_files(store.path, store.inbox, purged=purged)
        used |= digests_in_rows(connection)
        found.blobs = [(path, size) for path, size in unused if path.name not in used]
    found.projects = _empty_projects(connection)
    return found


def _find_in_inbox(
    store: EmbeddedStore, connection: sqlite3.Connection, limit: float, purged: frozenset[str], found: Garbage
) -> None:
    asked: dict[str, tuple[Path, int]] = {}
    recording: set[str] = set()
    for path, size, changed in _files(store.inbox):
        name = parse_segment_name(path.name)
        if name is not None:
            recording.add(name.run)
            if name.run in purged:
                found.journals.append((path, size))
        elif changed < limit and path.name.endswith(STOP_SUFFIX):
            asked[path.name.removesuffix(STOP_SUFFIX)] = (path, size)
        elif changed < limit and _LEFTOVER.match(path.name):
            found.probes.append((path, size))
    found.stop_requests = [
        asked[run] for run in sorted(_never_answered(store, connection, asked.keys() - recording))
    ]


def _never_answered(
    store: EmbeddedStore, connection: sqlite3.Connection, runs: Iterable[str]
) -> Iterator[str]:
    """Yield those of some runs with no journal in the inbox that nobody records any more."""
    states = run_states(connection, time.time_ns(), store.inbox)
    for run in runs:
        row = connection.execute("SELECT number, ended_state FROM run WHERE id = ?", (run,)).fetchone()
        if row is None or row[1] is not None or states.get(row[0]) is RunState.CRASHED:
            yield run


def _empty_projects(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    conditions = [
        f'NOT EXISTS (SELECT 1 FROM "{table}" c WHERE c."{column}" = project."{cited}")'  # noqa: S608 - our schema
        for table, column, cited in citing_tables(connection).get("project", ())
    ]
    sql = f"SELECT number, name FROM project WHERE {' AND '.join(conditions)} ORDER BY name"  # noqa: S608
    return [(int(number), name) for number, name in connection.execute(sql)]


def _remove_projects(
    connection: sqlite3.Connection, projects: list[tuple[int, str]]
) -> list[tuple[int, str]]:
    connection.executemany("DELETE FROM project WHERE number = ?", [(number,) for number, _ in projects])
    if projects:
        connection.execute("UPDATE revision SET value = value + 1")
    return projects


def _unlink(path: Path, limit: float | None, done: Garbage) -> bool:
    try:
        if limit is not None and path.stat().st_mtime >= limit:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        done.problems.append(f"{path} can't be removed: {error.strerror or error}")
        return False
    return True


def _files(folder: Path, *, deep: bool = True) -> Iterator[tuple[Path, int, float]]:
    """Yield (path, size, time of change) of plain files; links are left alone."""
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if deep:
                            yield from _files(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        state = entry.stat(follow_symlinks=False)
                        yield Path(entry.path), state.st_size, state.st_mtime
                except FileNotFoundError:  # noqa: PERF203 - a file may go while the folder is read
                    continue
    except (FileNotFoundError, NotADirectoryError):
        return
