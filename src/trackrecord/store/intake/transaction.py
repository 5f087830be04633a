"""What taking in some records has to remember until it is committed: the run of each, what changed, what waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from trackrecord.store.intake.drafts import RunDraft, WriterRow, insert_runs, put_writers, stored_writer
from trackrecord.store.intake.fields import Fields
from trackrecord.store.intake.stamps import FROM_HEADER, Stamp, Stamps
from trackrecord.words.ids import short_id

#: the project of runs whose journals do not say (their first bytes are damaged)
UNKNOWN_PROJECT = "unknown"
_SEGMENT_ROOM = 1 << 32


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from: a segment of one writer of one run (by number)."""

    run: int
    run_id: str
    writer: str
    n: int

    def place(self, offset: int) -> int:
        """Return the place of a record in its writer's whole journal; places grow as it is written."""
        return self.n * _SEGMENT_ROOM + offset


class Said(NamedTuple):
    """One structural record: its time, its place, its fields. Compares in the order of (time, writer, place)."""

    time: int
    writer: str
    place: int
    fields: Fields


class Transaction:
    """One transaction of the ingester. Holds nothing that is not also in the database once it is committed.

    A run that is new in it is a draft until ``write_down``: ``set_run`` and ``set_tag`` know both. Handlers that speak
    SQL about a run call ``write_down`` first.
    """

    def __init__(self, connection: sqlite3.Connection, blobs: Path, now: int) -> None:
        self.connection = connection
        self.blobs = str(blobs)
        self.now = now
        self.stamps = Stamps(connection)
        self.run_numbers: dict[str, int] = {}
        #: runs that were not in the database before this transaction
        self.new_runs: set[int] = set()
        #: those of them that still are not
        self.drafts: dict[int, RunDraft] = {}
        #: rows of writers by run; of a new run all there are
        self.writers: dict[int, dict[str, WriterRow]] = {}
        #: runs to which anything happened
        self.touched: set[int] = set()
        #: projects about which something was said outside of any run
        self.touched_projects: set[int] = set()
        #: runs whose ending has to be worked out again
        self.ending: set[int] = set()
        #: (run, writer) that add no more rows
        self.done: set[tuple[int, str]] = set()
        #: runs whose figures have to be made again from their points
        self.rewound: set[int] = set()
        #: runs to be taken away for good at the end
        self.purged: set[int] = set()
        #: projects that a run has left
        self.left_projects: set[int] = set()
        #: runs with new problems
        self.with_problems: set[int] = set()
        #: by project the time of the latest record of its short runs
        self.activity: dict[int, int] = {}
        #: ids of short runs that are not in the database yet, and what writes them
        self.short_runs: Container[str] = ()
        self.write_short_runs: Callable[[], None] = lambda: None
        self._revision: int | None = None
        self._waited_for: set[str] | None = None
        self._problems: list[tuple[int, str, str, str, int, int, int]] = []
        self._projects: dict[str, int] = {}
        self._next_run: int | None = None
        self._last_stamp: tuple[Said | None, Stamp] = (None, Stamp(0, 0, "", 0))

    @property
    def revision(self) -> int:
        """The revision that this transaction makes."""
        if self._revision is None:
            self._revision = 1 + int(self.connection.execute("SELECT value FROM revision").fetchone()[0])
        return self._revision

    @property
    def waited_for(self) -> set[str]:
        """Runs of which nothing but changes has been seen (table ``waiting_change``)."""
        if self._waited_for is None:
            found = self.connection.execute("SELECT DISTINCT run FROM waiting_change")
            self._waited_for = {run_id for (run_id,) in found}
        return self._waited_for

    def find_run(self, run_id: str) -> int | None:
        """Return the number of a run, of one that is new in this transaction too; None when there is none."""
        number = self.run_numbers.get(run_id)
        if number is None:
            if run_id in self.short_runs:
                self.write_short_runs()
            found = self.connection.execute("SELECT number FROM run WHERE id = ?", (run_id,)).fetchone()
            number = None if found is None else int(found[0])
        return number

    def run_number(self, run_id: str, project: str | None, created: int, writer: str) -> int:
        """Return the number of a run, beginning its draft when nothing of it has been seen before."""
        number = self.find_run(run_id)
        if number is None:
            number = self._new_run(run_id, project, created, writer)
        self.run_numbers[run_id] = number
        self.touched.add(number)
        return number

    def writer(self, source: Source, started: int) -> WriterRow:
        """Return the row of a writer, beginning one when it is new."""
        rows = self.writers.setdefault(source.run, {})
        row = rows.get(source.writer)
        if row is None:
            if source.run not in self.new_runs:
                row = stored_writer(self.connection, source.run, source.writer)
            rows[source.writer] = row = row or WriterRow(source.run, source.writer, started)
        return row

    def set_run(self, run: int, column: str, value: Any) -> None:
        """Give a run another value in a column (a name from our own code only)."""
        draft = self.drafts.get(run)
        if draft is not None:
            draft.columns[column] = value
        else:
            self.connection.execute(f"UPDATE run SET {column} = ? WHERE number = ?", (value, run))  # noqa: S608

    def set_tag(self, run: int, tag: str, *, present: bool) -> None:
        """Add a tag to a run or take it away."""
        draft = self.drafts.get(run)
        if draft is not None:
            (draft.tags.add if present else draft.tags.discard)(tag)
        elif present:
            self.connection.execute("INSERT OR IGNORE INTO tag (run, name) VALUES (?, ?)", (run, tag))
        else:
            self.connection.execute("DELETE FROM tag WHERE run = ? AND name = ?", (run, tag))

    def write_down(self, run: int) -> None:
        """Put a run that is still a draft into the database, for a handler that speaks SQL about it."""
        draft = self.drafts.pop(run, None)
        if draft is not None:
            insert_runs(self.connection, [draft])

    def write_down_all(self) -> None:
        """Put all drafts, rows of writers, stamps and problems into the database."""
        insert_runs(self.connection, list(self.drafts.values()))
        self.drafts = {}
        put_writers(self.connection, [row for rows in self.writers.values() for row in rows.values()])
        self.stamps.flush()
        self.write_down_problems()

    def write_down_problems(self) -> None:
        """Put the problems noticed so far into the database."""
        if self._problems:
            self.write_short_runs()
        self.connection.executemany(
            "INSERT INTO problem (run, writer, code, message, count, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (run, writer, code, message) DO UPDATE SET"
            " count = CASE WHEN excluded.last >= last THEN excluded.count ELSE count END,"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            self._problems,
        )
        self._problems = []

    def project_number(self, name: str, time: int) -> int:
        """Return the number of a project, making its row when it is new."""
        number = self._projects.get(name)
        if number is None:
            found = self.connection.execute("SELECT number FROM project WHERE name = ?", (name,)).fetchone()
            if found is None:
                found = self.connection.execute(
                    "INSERT INTO project (name, created, changed, revision) VALUES (?, ?, 0, 0) RETURNING number",
                    (name, time),
                ).fetchone()
            number = self._projects[name] = int(found[0])
        return number

    def project_of(self, run: int) -> int:
        """Return the number of a run's project."""
        draft = self.drafts.get(run)
        if draft is not None:
            return int(draft.columns["project"])
        return int(self.connection.execute("SELECT project FROM run WHERE number = ?", (run,)).fetchone()[0])

    def may_set(self, kind: str, owner: int, field: str, origin: int, said: Said) -> bool:
        """Tell whether a record decides over a field, and remember it if so.

        A stronger origin beats a weaker one. Among changes the last one holds, else the first one.
        """
        last, stamp = self._last_stamp
        if last is not said or stamp.origin != origin:
            stamp = Stamp(origin, said.time, said.writer, said.place)
            self._last_stamp = said, stamp
        return self.stamps.decides(kind, owner, field, stamp)

    def stamp(self, kind: str, owner: int, field: str) -> Stamp | None:
        """Return which record a field has its value from."""
        return self.stamps.get(kind, owner, field)

    def problem(self, source: Source, code: str, message: str, count: int, time: int) -> None:
        """Show a problem on the run; a later one with the same words replaces the count."""
        self._problems.append((source.run, source.writer, code, message, count, time, time))
        self.with_problems.add(source.run)

    def new_number(self) -> int:
        """Return a number for a run that is new."""
        number = self._next_run
        if number is None:
            number = self.connection.execute(
                "SELECT 1 + coalesce(max(number), 0) FROM (SELECT max(number) AS number FROM run"
                " UNION ALL SELECT max(number) FROM tombstone)"
            ).fetchone()[0]
        self._next_run = number + 1
        return int(number)

    def _new_run(self, run_id: str, project: str | None, created: int, writer: str) -> int:
        number = self.new_number()
        columns = {
            "project": self.project_number(project or UNKNOWN_PROJECT, created),
            "name": short_id(run_id),
            "created": created,
            "grown_at": 0,
            "points": 0,
            "revision": 0,
        }
        self.drafts[number] = RunDraft(number, run_id, columns)
        self.new_runs.add(number)
        self.writers[number] = {}
        self.stamps.begin("run", number)
        if project is not None:
            said = Said(created, writer, 0, {})
            self.may_set("run", number, "project", FROM_HEADER, said)
            self.may_set("run", number, "created", FROM_HEADER, said)
        return number
