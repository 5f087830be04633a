"""Take the records of journals to the tables: which kind does what, and what follows at the end of a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trackrecord.journal.bulk import Batch, Rows
from trackrecord.journal.format import Kind
from trackrecord.journal.reader import Record
from trackrecord.journal.segments import SegmentName
from trackrecord.store import apply_project, apply_run
from trackrecord.store.apply_rows import Points
from trackrecord.store.apply_things import Things
from trackrecord.store.apply_values import Values
from trackrecord.store.fields import text, whole
from trackrecord.store.liveness import ending_of, writers_of
from trackrecord.store.transaction import Said, Source, Transaction

Handler = Callable[[Source, Said], None]


@dataclass(slots=True)
class Progress:
    """How far a segment has been taken in: bytes, whether its writer closed it, bytes that could not be read."""

    taken: int = 0
    closed: bool = False
    damage: int = 0
    columns: dict[int, tuple[str, ...]] = field(default_factory=dict)


def progress_of(connection: sqlite3.Connection, name: SegmentName) -> Progress:
    """Return how far a segment has been taken in."""
    found = connection.execute(
        "SELECT s.taken, s.closed, s.damage, s.columns FROM run r JOIN segment s ON s.run = r.number"
        " WHERE r.id = ? AND s.writer = ? AND s.n = ?",
        (name.run, name.writer, name.n),
    ).fetchone()
    if found is None:
        return Progress()
    taken, closed, damage, columns = found
    return Progress(
        taken, bool(closed), damage, {int(id_): tuple(keys) for id_, keys in json.loads(columns).items()}
    )


class Application:
    """Applies batches of records within one transaction; ``finish`` writes down what waited for the end."""

    def __init__(self, connection: sqlite3.Connection, blobs: Path, now: int) -> None:
        self.tx = Transaction(connection, blobs, now)
        self._points = Points(self.tx)
        self._values = Values(self.tx)
        self._things = Things(self.tx)
        self._handlers = self._handler_of_kind()

    def take(
        self, name: SegmentName, batch: Batch, before: Progress, *, grown_at: int, gone: bool
    ) -> Progress:
        """Apply a piece of a segment and return how far the segment is taken in now.

        ``gone`` says that the writer's process is proven to have ended.
        """
        source = self._source(name, batch)
        after = Progress(batch.end, before.closed, before.damage, batch.columns)
        latest = 0
        for item in batch.items:
            if isinstance(item, Rows):
                self._points.rows(source, item)
                latest = max(latest, int(item.times.max()))
            elif item.kind == Kind.CONTENT:
                self._things.content(source, item.payload, latest)
            else:
                fields = item.fields()
                said = Said(whole(fields, "t") or 0, name.writer, source.place(item.offset), fields)
                latest = max(latest, said.time)
                if item.kind == Kind.CLOSE:
                    after.closed = True
                    if fields.get("next") is not True:
                        self.tx.done.add((source.run, source.writer))
                handler = self._handlers.get(item.kind)
                if handler is not None:
                    handler(source, said)
        for damage in batch.damage:
            after.damage += damage.size
            message = f"{damage.size} bytes at offset {damage.offset} of segment {name.n} could not be read"
            self.tx.problem(source, "damage", message, 1, self.tx.now)
        self._keep_progress(source, after, latest, grown_at, gone)
        return after

    def take_about_project(self, name: SegmentName, batch: Batch) -> None:
        """Apply the whole journal of no run, which has ended."""
        apply_project.take_journal(self.tx, name.writer, batch)

    def finish(self) -> int | None:
        """Write down all that waited; return the new revision, or None when nothing has changed."""
        tx = self.tx
        if not tx.touched and not tx.touched_projects:
            return None
        connection = tx.connection
        self._points.flush()
        self._values.flush()
        self._things.flush()
        for run in tx.ending:
            ending = ending_of(writers_of(connection, run))
            connection.execute(
                "UPDATE run SET ended_state = ?, ended = ?, exit_code = ?, traceback = ? WHERE number = ?",
                (ending.state, ending.ended, ending.exit_code, ending.traceback, run),
            )
        connection.execute("UPDATE revision SET value = value + 1")
        revision = int(connection.execute("SELECT value FROM revision").fetchone()[0])
        connection.executemany(
            "UPDATE run SET revision = :revision, problems = (SELECT count(*) FROM problem WHERE run = :run),"
            " grown_at = (SELECT max(grown_at) FROM writer WHERE run = :run) WHERE number = :run",
            [{"revision": revision, "run": run} for run in tx.touched],
        )
        connection.executemany(
            "UPDATE project SET changed = max(changed, (SELECT max(last_time) FROM writer WHERE run = :run))"
            " WHERE number = (SELECT project FROM run WHERE number = :run)",
            [{"run": run} for run in tx.touched],
        )
        projects = {tx.project_of(run) for run in tx.touched} | tx.touched_projects
        connection.executemany(
            "UPDATE project SET revision = :revision,"
            " created = coalesce((SELECT min(created) FROM run WHERE project = :project), created)"
            " WHERE number = :project",
            [{"revision": revision, "project": project} for project in projects],
        )
        for project in tx.left_projects:
            _remove_if_empty(connection, project)
        return revision

    def _source(self, name: SegmentName, batch: Batch) -> Source:
        """Return where the records come from, making the rows of run and writer when they are new."""
        first: dict[str, Any] = {}
        if batch.items and isinstance(batch.items[0], Record) and batch.items[0].kind == Kind.SEGMENT:
            first = batch.items[0].fields()
        time = whole(first, "t") or self.tx.now
        run = self.tx.run_number(name.run, text(first, "project"), time, name.writer)
        self.tx.connection.execute(
            "INSERT OR IGNORE INTO writer (run, writer, role, process, started, last_time, grown_at)"
            " VALUES (?, ?, 'join', '{}', ?, 0, 0)",
            (run, name.writer, time),
        )
        return Source(run, name.run, name.writer, name.n)

    def _keep_progress(self, source: Source, after: Progress, latest: int, grown_at: int, gone: bool) -> None:
        connection = self.tx.connection
        connection.execute(
            "INSERT OR REPLACE INTO segment (run, writer, n, taken, closed, damage, columns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(source.run, source.writer, source.n, after.taken, int(after.closed), after.damage),
                json.dumps({} if after.closed else after.columns),
            ),
        )
        connection.execute(
            "UPDATE writer SET last_time = max(last_time, ?), grown_at = max(grown_at, ?), gone = max(gone, ?)"
            " WHERE run = ? AND writer = ?",
            (latest, grown_at, int(gone), source.run, source.writer),
        )
        if gone:
            self.tx.ending.add(source.run)
            self.tx.done.add((source.run, source.writer))

    def _handler_of_kind(self) -> dict[int, Handler]:
        def run(handler: Callable[[Transaction, Source, Said], None]) -> Handler:
            return lambda source, said: handler(self.tx, source, said)

        return {
            Kind.SEGMENT: run(apply_run.segment),
            Kind.BEGIN: run(apply_run.begin),
            Kind.PARAMS: self._values.params,
            Kind.SUMMARY: self._values.summary,
            Kind.CONTRACT: run(apply_run.contract),
            Kind.MEDIA: self._things.media,
            Kind.ARTIFACT: self._things.artifact,
            Kind.CONSOLE: self._things.console,
            Kind.FACTS: self._things.facts,
            Kind.PROBLEM: self._things.problem,
            Kind.EXPERIMENT: run(apply_run.experiment),
            Kind.CHANGE: run(apply_run.change),
            Kind.REWIND: run(apply_run.rewind),
            Kind.FORK: run(apply_run.fork),
            Kind.RANK: run(apply_run.rank),
            Kind.REDACTION: self._things.redaction,
            Kind.FINISH: run(apply_run.finish),
        }


def _remove_if_empty(connection: sqlite3.Connection, project: int) -> None:
    """Remove a project that was only the guess for a run whose real project is known now."""
    connection.execute(
        "DELETE FROM project WHERE number = :project AND NOT EXISTS (SELECT 1 FROM run WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM experiment WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM contract WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM artifact WHERE project = :project)",
        {"project": project},
    )
