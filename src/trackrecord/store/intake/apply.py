"""Take the records of journals to the tables: which kind does what, and what follows at the end of a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trackrecord.journal.bulk import Batch, Rows
from trackrecord.journal.format import Kind
from trackrecord.journal.reader import Damage, Record
from trackrecord.journal.segments import SegmentName
from trackrecord.store.intake import apply_lifecycle, apply_no_run, apply_run
from trackrecord.store.intake.apply_rows import Points
from trackrecord.store.intake.apply_things import Things
from trackrecord.store.intake.apply_values import Values
from trackrecord.store.intake.fields import fields_of, text, whole
from trackrecord.store.intake.known import Progress
from trackrecord.store.intake.short_runs import ShortRuns
from trackrecord.store.intake.transaction import Said, Source, Transaction
from trackrecord.store.liveness import Writer, ending_of, writers_of
from trackrecord.store.removal.purge import forget_purged

#: so many places of damage in a segment are told one by one
_MOST_DAMAGE = 100

Handler = Callable[[Source, Said], None]


class Application:
    """Applies batches of records within one transaction; ``finish`` writes down what waited for the end."""

    def __init__(self, connection: sqlite3.Connection, blobs: Path, now: int) -> None:
        self.tx = Transaction(connection, blobs, now)
        self._points = Points(self.tx)
        self._values = Values(self.tx)
        self._things = Things(self.tx)
        self._short_runs = ShortRuns(self.tx, self._things)
        self._handlers = self._handler_of_kind()
        self._segments: dict[tuple[int, str, int], tuple[Any, ...]] = {}

    def take_short_run(
        self, name: SegmentName, data: bytes, *, grown_at: int, is_gone: Callable[[dict[str, Any]], bool]
    ) -> bool:
        """Apply all bytes of the only segment of a short run that is new and over; False when it is not that.

        Then nothing has changed. ``is_gone`` tells whether a process is proven to have ended.
        """
        return self._short_runs.take(name, data, grown_at, is_gone)

    def take(
        self, name: SegmentName, batch: Batch, before: Progress, *, grown_at: int, gone: bool
    ) -> Progress:
        """Apply a piece of a segment and return how far the segment is taken in now.

        ``gone`` says that the writer's process is proven to have ended.
        """
        source = self._source(name, batch)
        damaged = before.damage + sum(damage.size for damage in batch.damage)
        after = Progress(batch.end, before.closed, damaged, batch.columns)
        latest = 0
        for item in batch.items:
            if isinstance(item, Rows):
                self._points.rows(source, item)
                latest = max(latest, int(item.times.max()))
            elif item.kind == Kind.CONTENT:
                self._things.content(source, item.payload, latest)
            else:
                fields = fields_of(item)
                said = Said(whole(fields, "t") or 0, name.writer, source.place(item.offset), fields)
                latest = max(latest, said.time)
                if item.kind == Kind.CLOSE:
                    after.closed = True
                    if fields.get("next") is not True:
                        self.tx.done.add((source.run, source.writer))
                handler = self._handlers.get(item.kind)
                if handler is not None:
                    handler(source, said)
        for damage in self._told_of(source, batch.damage):
            message = f"{damage.size} bytes at offset {damage.offset} of segment {name.n} could not be read"
            self.tx.problem(source, "damage", message, 1, self.tx.now)
        self._keep_progress(source, after, latest, grown_at, gone)
        return after

    def _told_of(self, source: Source, found: list[Damage]) -> list[Damage]:
        """Return the damage that is told of one by one: the first places of a segment, and there may be millions."""
        if not found:
            return []
        self.tx.write_down(source.run)
        self.tx.write_down_problems()
        (told,) = self.tx.connection.execute(
            "SELECT count(*) FROM problem WHERE run = ? AND writer = ? AND code = 'damage' AND message LIKE ?",
            (source.run, source.writer, f"% of segment {source.n} could not be read"),
        ).fetchone()
        return found[: max(0, _MOST_DAMAGE - told)]

    def keep_rest(self, name: SegmentName, size: int, changed: int) -> None:
        """Remember that a segment was read as far as it can be, so that it is not opened again while it stays so."""
        self.tx.connection.execute(
            "INSERT OR REPLACE INTO resting_segment (run, writer, n, size, changed) VALUES (?, ?, ?, ?, ?)",
            (*name, size, changed),
        )

    def forget_rest(self, name: SegmentName) -> None:
        """Forget what ``keep_rest`` remembered."""
        self.tx.connection.execute("DELETE FROM resting_segment WHERE run = ? AND writer = ? AND n = ?", name)

    def take_about_project(self, name: SegmentName, batch: Batch) -> None:
        """Apply the whole journal of no run, which has ended."""
        apply_no_run.take_journal(self.tx, name.writer, batch)

    def finish(self) -> int | None:
        """Write down all that waited; return the new revision, or None when nothing has changed."""
        tx = self.tx
        if not tx.touched and not tx.touched_projects and not tx.activity:
            return None
        connection = tx.connection
        self._short_runs.write()
        apply_lifecycle.take_waiting(tx)
        revision = tx.revision
        connection.execute("UPDATE revision SET value = ?", (revision,))
        for draft in tx.drafts.values():
            writers = tx.writers[draft.number].values()
            _set_ending(tx, draft.number, [row.as_writer() for row in writers])
            draft.columns["revision"] = revision
            draft.columns["grown_at"] = max(row.grown_at for row in writers)
        settled = {number: int(draft.columns["project"]) for number, draft in tx.drafts.items()}
        tx.write_down_all()
        connection.executemany(
            "INSERT OR REPLACE INTO segment (run, writer, n, taken, closed, damage, columns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._segments.values(),
        )
        self._points.flush()
        self._values.flush()
        self._things.flush()
        tx.write_down_problems()
        for run in tx.ending - settled.keys():
            _set_ending(tx, run, writers_of(connection, run))
        connection.executemany(
            "UPDATE run SET revision = :revision, grown_at = (SELECT max(grown_at) FROM writer WHERE run = :run)"
            " WHERE number = :run",
            [{"revision": revision, "run": run} for run in tx.touched - settled.keys()],
        )
        connection.executemany(
            "UPDATE run SET problems = (SELECT count(*) FROM problem WHERE run = :run) WHERE number = :run",
            [{"run": run} for run in tx.with_problems],
        )
        forget_purged(tx, revision)
        self._settle_projects(revision, settled)
        return revision

    def _settle_projects(self, revision: int, settled: dict[int, int]) -> None:
        """Bring what projects say of their runs up to date, and remove those that were only a guess.

        ``settled`` are the projects of runs that are known without asking.
        """
        tx, connection = self.tx, self.tx.connection
        latest = dict.fromkeys(tx.touched_projects, 0) | tx.activity
        for run in tx.touched:
            project = settled[run] if run in settled else tx.project_of(run)
            if run in tx.new_runs:
                time = max(row.last_time for row in tx.writers[run].values())
            else:
                time = connection.execute(
                    "SELECT max(last_time) FROM writer WHERE run = ?", (run,)
                ).fetchone()[0]
            latest[project] = max(latest.get(project, 0), time)
        connection.executemany(
            "UPDATE project SET revision = :revision, changed = max(changed, :latest),"
            " created = coalesce((SELECT min(created) FROM run WHERE project = :project), created)"
            " WHERE number = :project",
            [{"revision": revision, "latest": time, "project": project} for project, time in latest.items()],
        )
        for project in tx.left_projects:
            _remove_if_empty(connection, project)

    def _source(self, name: SegmentName, batch: Batch) -> Source:
        """Return where the records come from, beginning the rows of run and writer when they are new."""
        first: dict[str, Any] = {}
        if batch.items and isinstance(batch.items[0], Record) and batch.items[0].kind == Kind.SEGMENT:
            first = fields_of(batch.items[0])
        time = whole(first, "t") or self.tx.now
        run = self.tx.run_number(name.run, text(first, "project"), time, name.writer)
        source = Source(run, name.run, name.writer, name.n)
        self.tx.writer(source, time)
        return source

    def _keep_progress(self, source: Source, after: Progress, latest: int, grown_at: int, gone: bool) -> None:
        self._segments[source.run, source.writer, source.n] = (
            *(source.run, source.writer, source.n, after.taken, int(after.closed), after.damage),
            "{}" if after.closed else json.dumps(after.columns),
        )
        self.tx.writer(source, latest).grow(latest, grown_at, gone=gone)
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
            Kind.CHANGE: run(apply_lifecycle.change),
            Kind.REWIND: run(apply_run.rewind),
            Kind.FORK: run(apply_run.fork),
            Kind.RANK: run(apply_run.rank),
            Kind.REDACTION: self._things.redaction,
            Kind.FINISH: run(apply_run.finish),
        }


def _set_ending(tx: Transaction, run: int, writers: list[Writer]) -> None:
    ending = ending_of(writers)
    tx.set_run(run, "ended_state", ending.state)
    tx.set_run(run, "ended", ending.ended)
    tx.set_run(run, "exit_code", ending.exit_code)
    tx.set_run(run, "traceback", ending.traceback)


def _remove_if_empty(connection: sqlite3.Connection, project: int) -> None:
    """Remove a project that was only the guess for a run whose real project is known now."""
    connection.execute(
        "DELETE FROM project WHERE number = :project AND NOT EXISTS (SELECT 1 FROM run WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM experiment WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM contract WHERE project = :project)"
        " AND NOT EXISTS (SELECT 1 FROM artifact WHERE project = :project)",
        {"project": project},
    )
