"""``trackrecord check``: everything in a store against what it should be, and ``--fix``: invariant T5.

A check changes nothing. A repair never alters truth in place: what is derived is made again, what is damaged goes to
``quarantine/`` with all its bytes, and the run concerned shows a problem.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from trackrecord.store.checking import blobs as check_blobs
from trackrecord.store.checking import columns as check_columns
from trackrecord.store.checking import database as check_database
from trackrecord.store.checking import journals as check_journals
from trackrecord.store.checking import levels as check_levels
from trackrecord.store.checking import runs as check_runs
from trackrecord.store.checking.finding import NOTE, PROBLEM, CheckReport, Finding
from trackrecord.store.checking.points import check_points
from trackrecord.store.checking.quarantine import FOLDER, Quarantine
from trackrecord.store.checking.repair import rebuild_levels, repair_points, show_problem
from trackrecord.store.checking.salvage import finish_salvage, salvage
from trackrecord.store.checking.store_file import check_store_file
from trackrecord.store.embedded import DATABASE, EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import StoreError, StoreUnavailableError, StoreVersionError

#: told what is looked at, how many of it are done, and how many there are (None: not known)
Progress = Callable[[str, int, "int | None"], None]

_PATIENT_S = 30.0
#: damage moved away may bare more of it; each round leaves less
_ROUNDS = 4


def check_store(
    path: str | os.PathLike[str],
    *,
    fix: bool = False,
    deep: bool = False,
    on_progress: Progress | None = None,
) -> CheckReport:
    """Check the store in a folder, and with ``fix`` repair what can be repaired without altering truth.

    It may be in use meanwhile. ``deep`` also compares every bucket of every level with what it was made of.
    Raises StoreNotFoundError when there is no store, StoreVersionError when a newer Trackrecord made it,
    StoreUnavailableError when it can't be written to and ``fix`` is asked for.
    """
    return _Check(Path(path).absolute(), fix=fix, deep=deep, on_progress=on_progress or _say_nothing).run()


def _say_nothing(_what: str, _done: int, _total: int | None) -> None:
    pass


class _Check:
    def __init__(self, place: Path, *, fix: bool, deep: bool, on_progress: Progress) -> None:
        self._place = place
        self._fix = fix
        self._deep = deep
        self._tell = on_progress
        self._findings: list[Finding] = []
        self._checked: dict[str, int] = {}
        self._quarantine = Quarantine(place)

    def run(self) -> CheckReport:
        store = self._opened()
        if store is not None:
            with store:
                if self._fix and store.read_only:
                    raise StoreUnavailableError(
                        f"the store {self._place} can't be repaired: it is read-only, or its disk is full",
                        hint="check permissions and free space, and that no other host has it",
                    )
                self._check_all(store)
        folder = self._quarantine.folder
        return CheckReport(
            tuple(self._findings), self._checked, None if folder is None else os.fspath(folder)
        )

    def _opened(self) -> EmbeddedStore | None:
        """Open the store; a database that can't be is reported, and with ``fix`` salvaged."""
        self._findings += check_store_file(self._place, self._quarantine if self._fix else None)
        if self._fix:
            finish_salvage(self._place, self._quarantine)
        try:
            store = EmbeddedStore.open(self._place, read_only=not self._fix, create=False)
        except StoreVersionError:
            raise
        except StoreUnavailableError as error:
            if not self._fix and any(found.kind == "store-file" for found in self._findings):
                self._check_files_only()
                return None
            if not _is_damage(error):
                raise
            found = Finding("database", DATABASE, error.message)
            if not self._fix:
                self._findings.append(found)
                self._check_files_only()
                return None
            return self._salvaged(found)
        try:
            with store.connections.reading() as connection:
                self._tell("database", 0, None)
                findings = list(check_database.check_pages(connection))
        except StoreUnavailableError as error:
            findings = [Finding("database", DATABASE, error.message)]
        if not findings or not self._fix:
            self._findings += findings
            return store
        if all(found.kind == "index" for found in findings) and _reindexed(store):
            self._findings += [replace(found, fixed="indexes made again") for found in findings]
            return store
        store.close()
        return self._salvaged(*findings)

    def _salvaged(self, *findings: Finding) -> EmbeddedStore:
        self._tell("what can be read of the database", 0, None)
        rows, lost = salvage(self._place, self._quarantine)
        done = f"{rows} rows were saved into a new database; the old one is in quarantine"
        self._findings += [replace(found, fixed=done) for found in findings]
        self._findings += [
            Finding(
                "database", f"{DATABASE}: {table}", f"some of its rows could not be read: {why}", fixed=done
            )
            for table, why in lost.items()
        ]
        return EmbeddedStore.open(self._place, create=False)

    def _check_files_only(self) -> None:
        """Check what can be checked without the database."""
        self._blob_files()
        self._journals(None)

    def _check_all(self, store: EmbeddedStore) -> None:
        if self._fix:
            self._keep_damaged_journals(store)
            report = take_in(store, wait_s=_PATIENT_S)
            self._findings += [Finding("inbox", "inbox", problem) for problem in report.problems]
            self._findings += [Finding("inbox", "inbox", refused, NOTE) for refused in report.refused]
        try:
            self._check_runs(store)
            self._check_references(store)
            self._check_columns(store)
            contents = self._journals(store)
            self._check_blobs(store, contents)
        except (StoreUnavailableError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not any(found.kind == "database" for found in self._findings):
                raise
            message = f"not all could be checked: {getattr(error, 'message', error)}"
            self._findings.append(Finding("database", DATABASE, message))

    def _check_runs(self, store: EmbeddedStore) -> None:
        runs = store.catalog.rows("SELECT number, id FROM run ORDER BY number")
        self._checked.update(runs=len(runs), points=0, chunks=0, levels=0)
        for done, (number, run_id) in enumerate(runs):
            self._tell("runs", done, len(runs))
            with store.connections.snapshot() as connection:
                if not _is_there(connection, number, run_id):
                    continue  # purged meanwhile
                findings = self._look_at(connection, number, run_id, count=True)
            if self._fix and any(found.kind != "text" for found in findings):
                findings = self._repair(store, number, run_id)
            self._findings += findings
        self._tell("runs", len(runs), len(runs))

    def _look_at(
        self, connection: sqlite3.Connection, run: int, run_id: str, *, count: bool = False
    ) -> list[Finding]:
        points = check_points(connection, run, run_id)
        findings = points.findings
        if not points.damage:
            levels = check_levels.check_levels(connection, run, run_id, deep=self._deep)
            findings = [*findings, *levels.findings]
            self._checked["levels"] += levels.rows if count else 0
        if count:
            self._checked["points"] += points.points
            self._checked["chunks"] += points.chunks
        return [
            *findings,
            *check_runs.check_totals(connection, run, run_id),
            *check_runs.check_texts(connection, run, run_id),
        ]

    def _repair(self, store: EmbeddedStore, run: int, run_id: str) -> list[Finding]:
        """Repair a run in one transaction, in which it is looked at again: others may have gone on meanwhile."""
        seen: list[Finding] = []
        with store.connections.writing(_PATIENT_S) as connection:
            if not _is_there(connection, run, run_id):
                return []
            for _ in range(_ROUNDS):
                points = check_points(connection, run, run_id)
                repair_points(connection, run, run_id, points, self._quarantine)
                seen += points.findings
                if not points.damage:
                    break
            levels = check_levels.check_levels(connection, run, run_id, deep=self._deep)
            for axis, metrics in {**levels.wrong, **levels.behind}.items():
                rebuild_levels(connection, axis, metrics)
            seen += [*levels.findings, *check_runs.check_totals(connection, run, run_id)]
            check_runs.repair_totals(connection, run)
            _mark_changed(connection, run)
            left = set(self._look_at(connection, run, run_id))
        return [_fixed(found) for found in dict.fromkeys(seen) if found not in left] + sorted(left, key=repr)

    def _check_references(self, store: EmbeddedStore) -> None:
        self._tell("references", 0, None)
        with store.connections.reading() as connection:
            self._findings += check_database.check_references(connection)

    def _check_columns(self, store: EmbeddedStore) -> None:
        self._tell("columns", 0, None)
        with store.connections.snapshot() as connection:
            found = check_columns.check_columns(connection, deep=self._deep)
        if found and self._fix:
            with store.connections.writing(_PATIENT_S) as connection:
                check_columns.drop_columns(connection)
            found = [replace(each, fixed="dropped, to be made again") for each in found]
        self._findings += found

    def _journals(self, store: EmbeddedStore | None) -> set[str]:
        contents: set[str] = set()
        self._checked.update(journals=0, records=0)
        for folder, aside in ((self._place / "inbox", False), (self._place / FOLDER, True)):
            found = self._read_journals(folder, store, aside=aside)
            self._findings += found.findings
            self._checked["journals"] += found.journals
            self._checked["records"] += found.records
            if not aside:
                contents = found.contents
        return contents

    def _read_journals(
        self, folder: Path, store: EmbeddedStore | None, *, aside: bool = False
    ) -> check_journals.Journals:
        done = 0

        def one_more() -> None:
            nonlocal done
            done += 1
            self._tell("journals", done, None)

        if store is None:
            return check_journals.check_journals(folder, None, one_more, aside=aside)
        with store.connections.snapshot() as connection:
            return check_journals.check_journals(folder, connection, one_more, aside=aside)

    def _keep_damaged_journals(self, store: EmbeddedStore) -> None:
        """Copy journals with damage before taking in removes them: not a byte of them is to be lost."""
        for path in self._read_journals(self._place / "inbox", store).damaged:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            why = "a journal with damage, as it was before it was taken in"
            self._quarantine.keep(path.name, content, why)
            message = "has damage; a copy is in quarantine, and what can be read is taken in"
            self._findings.append(
                Finding("journal", f"inbox/{path.name}", message, fixed="copied and taken in")
            )

    def _blob_files(self) -> check_blobs.BlobFiles:
        done = 0

        def one_more() -> None:
            nonlocal done
            done += 1
            self._tell("blobs", done, None)

        found = check_blobs.check_files(self._place / "blobs", one_more)
        self._checked["blobs"] = len(found.whole) + len(found.damaged)
        self._checked["blob_bytes"] = found.bytes
        self._findings += found.findings
        return found

    def _check_blobs(self, store: EmbeddedStore, contents: set[str]) -> None:
        found = self._blob_files()
        if self._fix and found.damaged:
            self._put_blobs_aside(store, found.damaged)
        with store.connections.snapshot() as connection:
            cited = check_blobs.check_cited(connection, found.whole, contents)
        if any(each.kind == "blob-missing" for each in cited):
            # it may have come, or its run may have gone, while the files were read: what is missing still is missing
            with store.connections.snapshot() as connection:
                come = {
                    digest
                    for digest in check_blobs.cited_digests(connection) - found.whole
                    if check_blobs.is_there(store.blobs.folder, digest)
                }
                damaged = {f"sha256:{name}" for _, name in found.damaged}
                cited = check_blobs.check_cited(connection, found.whole | (come - damaged), contents)
        self._findings += cited

    def _put_blobs_aside(self, store: EmbeddedStore, damaged: Sequence[tuple[Path, str]]) -> None:
        for path, name in damaged:
            place = f"blobs/{path.relative_to(self._place / 'blobs').as_posix()}"
            digest = f"sha256:{name}"
            with store.connections.writing(_PATIENT_S) as connection:
                runs = check_blobs.runs_citing(connection, digest)
                for run_id in runs:
                    (run,) = connection.execute("SELECT number FROM run WHERE id = ?", (run_id,)).fetchone()
                    show_problem(connection, run, "", f"the bytes of {digest} were damaged and put aside")
                    check_runs.repair_totals(connection, run)
                    _mark_changed(connection, run)
            self._quarantine.move(path, "a blob that holds other bytes than its name promises", runs=runs)
            self._findings = [
                replace(found, fixed="moved to quarantine")
                if found.place == place and found.severity == PROBLEM
                else found
                for found in self._findings
            ]


def _reindexed(store: EmbeddedStore) -> bool:
    """Make the indexes again; tell whether the database is whole then."""
    try:
        with store.connections.writing(_PATIENT_S) as connection:
            check_database.reindex(connection)
            return not any(check_database.check_pages(connection))
    except (StoreError, sqlite3.DatabaseError):
        return False


def _is_there(connection: sqlite3.Connection, run: int, run_id: str) -> bool:
    row = connection.execute("SELECT id FROM run WHERE number = ?", (run,)).fetchone()
    return row is not None and row[0] == run_id


def _mark_changed(connection: sqlite3.Connection, run: int) -> None:
    connection.execute("UPDATE revision SET value = value + 1")
    connection.execute("UPDATE run SET revision = (SELECT value FROM revision) WHERE number = ?", (run,))


_DONE = {"chunk": "moved to quarantine", "levels": "built again", "levels-behind": "built"}


def _fixed(found: Finding) -> Finding:
    return replace(found, fixed=_DONE.get(found.kind, "made again from its rows"))


def _is_damage(error: StoreUnavailableError) -> bool:
    return any(sign in error.message for sign in ("is damaged", "is empty", "is missing"))
