"""Short runs that are new and over: taken in and written together, with a few statements for all of a transaction.

Most runs of a sweep are short, and one by one each would cost dozens of statements and numpy calls whatever its length.
What comes out is, row for row, what the general way writes; what is not plain is left to that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from trackrecord.journal.format import Kind
from trackrecord.journal.segments import SegmentName
from trackrecord.store.intake import apply_project
from trackrecord.store.intake.fields import Fields, clean, json_text, text, texts, typed, whole
from trackrecord.store.intake.rows_to_tables import insert
from trackrecord.store.intake.short_journal import ShortJournal, read_short_journal
from trackrecord.store.intake.short_series import ShortAxis, ShortSeries
from trackrecord.store.intake.stamps import FROM_BEGINNING, FROM_CHANGE
from trackrecord.store.intake.transaction import Said, Source, Transaction
from trackrecord.words.ids import short_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from trackrecord.store.intake.apply_things import Things

_TEXTS = ("name", "group", "parent", "notes", "hypothesis", "user")
_ENDINGS = ("finished", "failed", "stopped")
_PLAIN = {str, int, type(None)}
_encode = msgspec.json.Encoder().encode

#: the columns of a run that are written here, in the order of a row
_RUN = (
    "run (number, id, project, experiment, name, group_name, parent, hypothesis, notes, user, host, command, created,"
    " ended, ended_state, exit_code, traceback, grown_at, last_step, points, revision)"
)
_WRITER = (
    "writer (run, writer, started, role, process, last_time, grown_at, gone, rank, world_size, state, ended,"
    " exit_code, traceback)"
)
_VALUE = "(run, key, kind, number, text, value, {}, writer, place)"


class _Plain(NamedTuple):
    """What a run is made of: its journal, its project, its writer's process, the axes of its rows."""

    journal: ShortJournal
    project: str
    process: Fields
    axes: list[ShortAxis]


class ShortRuns:
    """The short runs of one transaction. ``take`` decides, ``write`` writes all that were taken."""

    def __init__(self, tx: Transaction, things: Things) -> None:
        self._tx = tx
        self._handlers: dict[int, Callable[[Source, Said], None]] = {
            Kind.CONSOLE: things.console,
            Kind.FACTS: things.facts,
            Kind.PROBLEM: things.problem,
        }
        self._series = ShortSeries(tx.connection)
        self._ids: set[str] = set()
        tx.short_runs, tx.write_short_runs = self._ids, self.write
        self._runs: list[tuple[Any, ...]] = []
        self._tags: list[tuple[int, str]] = []
        self._writers: list[tuple[Any, ...]] = []
        self._segments: list[tuple[Any, ...]] = []
        self._stamps: list[tuple[Any, ...]] = []
        self._params: list[tuple[Any, ...]] = []
        self._summaries: list[tuple[Any, ...]] = []

    def take(
        self, name: SegmentName, data: bytes, grown_at: int, is_gone: Callable[[dict[str, Any]], bool]
    ) -> bool:
        """Take in a run of which nothing is known yet, from all its bytes; False when it is not for here.

        Nothing has changed then. ``is_gone`` tells whether a process is proven to have ended.
        """
        tx = self._tx
        unusual = name.n or name.run in tx.run_numbers or name.run in self._ids or name.run in tx.waited_for
        journal = None if unusual else read_short_journal(data)
        if journal is None:
            return False
        process, project = journal.segment.get("process"), text(journal.segment, "project")
        begin = journal.begin.fields
        if type(process) is not dict or not project or text(begin, "project") != project:
            return False
        if begin.get("role") != "begin":
            return False
        axes = _axes(journal)
        summaries, params = _summaries(journal, name.writer), _params(journal, name.writer)
        if axes is None or params is None:
            return False
        number = tx.new_number()
        source = Source(number, name.run, name.writer, 0)
        self._series.add(number, name.writer, axes)
        self._describe(source, _Plain(journal, project, process, axes), grown_at, gone=is_gone(process))
        self._segments.append((number, name.writer, 0, len(data), 1, 0, "{}"))
        self._params += [(number, *row) for row in params]
        self._summaries += [(number, *row) for row in summaries]
        for kind, offset, fields in journal.others:
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(source, Said(fields["t"], name.writer, offset, fields))
        self._ids.add(name.run)
        return True

    def write(self) -> None:
        """Write all of them, before anything else that is about them."""
        if not self._ids:
            return
        connection = self._tx.connection
        insert(connection, _RUN, self._runs)
        insert(connection, "tag (run, name)", self._tags)
        insert(connection, _WRITER, self._writers)
        insert(connection, "segment (run, writer, n, taken, closed, damage, columns)", self._segments)
        insert(connection, "stamp (kind, owner, stamps)", self._stamps)
        insert(connection, f"param {_VALUE.format('time')}", self._params)
        insert(connection, f"summary {_VALUE.format('updated')}", self._summaries)
        self._series.write()
        for rows in (self._runs, self._tags, self._writers, self._segments, self._stamps, self._params):
            rows.clear()
        self._summaries.clear()
        self._ids.clear()

    def _describe(self, source: Source, plain: _Plain, grown_at: int, *, gone: bool) -> None:
        """Make the rows of the run, its writer, its tags and its stamps."""
        journal, project, process, axes = plain
        tx, number, writer = self._tx, source.run, source.writer
        begin, finish = journal.begin.fields, journal.finish.fields
        latest = max([journal.last_time, *[max(axis.times) for axis in axes]])
        started, said_at, ended = journal.segment["t"], begin["t"], finish["t"]
        project_number = tx.project_number(project, started)
        tx.activity[project_number] = max(tx.activity.get(project_number, 0), latest)
        given = {name: value for name in _TEXTS if (value := text(begin, name)) is not None}
        stamped = list(given)
        command = None
        if isinstance(begin.get("command"), list):
            command = json_text(texts(begin, "command"))
            stamped.append("command")
        experiment_name, experiment = text(begin, "experiment"), None
        if experiment_name is not None:
            said = Said(said_at, writer, journal.begin.offset, begin)
            apply_project.hypothesis_of_run(tx, project_number, experiment_name, said)
            experiment = apply_project.experiment_number(tx, project_number, experiment_name, said_at)
            stamped.append("experiment")
        host = process.get("host")
        host = clean(host) if isinstance(host, str) else None
        if host is not None:
            stamped.append("host")
        created = whole(begin, "created")
        state = text(finish, "state")
        state = state if state in _ENDINGS else "failed"
        exit_code, traceback = whole(finish, "exit_code"), text(finish, "traceback")
        last_steps = [max(axis.steps) for axis in axes if not _is_recorders(axis.keys)]
        points = sum(axis.count * len(axis.keys) for axis in axes)
        self._runs.append(
            (
                *(
                    number,
                    source.run_id,
                    project_number,
                    experiment,
                    given.get("name", short_id(source.run_id)),
                ),
                *(given.get("group"), given.get("parent"), given.get("hypothesis"), given.get("notes")),
                *(given.get("user"), host, command, said_at if created is None else created),
                *(ended, state, exit_code, traceback, grown_at),
                *(float(max(last_steps)) if last_steps else None, points, tx.revision),
            )
        )
        self._writers.append(
            (
                *(number, writer, started, "begin", _process_text(process), latest, grown_at, int(gone)),
                *(None, None, state, ended, exit_code, traceback),
            )
        )
        tags = texts(begin, "tags")
        self._tags += [(number, tag) for tag in sorted(set(tags))]
        place = f'{said_at},"{writer}",{journal.begin.offset}'
        stamps = f"[{FROM_BEGINNING},{place},{_names_text(tuple(stamped))}]"
        if tags:
            named = json_text([f"tag:{tag}" for tag in dict.fromkeys(tags)])
            stamps += f",[{FROM_CHANGE},{place},{named}]"
        self._stamps.append(("run", number, f"[{stamps}]"))


def _params(journal: ShortJournal, writer: str) -> list[tuple[Any, ...]] | None:
    """Return the rows of the params, without the run; None when a key comes twice."""
    rows: list[tuple[Any, ...]] = []
    for kind, offset, fields in journal.others:
        params = fields.get("params")
        if kind == Kind.PARAMS and isinstance(params, dict):
            rank = (fields["t"], writer, offset)
            rows += [(clean(key), *typed(raw), *rank) for key, raw in params.items()]
    # of several values the first holds and others are conflicts: that is for the general way
    return rows if len({row[0] for row in rows}) == len(rows) else None


def _summaries(journal: ShortJournal, writer: str) -> list[tuple[Any, ...]]:
    """Return the rows of the summary, without the run; of several values of a key the last one holds."""
    holding: dict[str, tuple[tuple[int, int], tuple[Any, ...]]] = {}
    for kind, offset, fields in journal.others:
        summary = fields.get("summary")
        if kind == Kind.SUMMARY and isinstance(summary, dict):
            rank = (fields["t"], offset)
            for key, raw in summary.items():
                cleaned = clean(key)
                held = holding.get(cleaned)
                if held is None or rank >= held[0]:
                    holding[cleaned] = rank, (cleaned, *typed(raw), rank[0], writer, offset)
    return [row for _, row in holding.values()]


def _axes(journal: ShortJournal) -> list[ShortAxis] | None:
    """Return the axes of a journal's rows; None when that takes more than looking at each by itself."""
    axes: list[ShortAxis] = []
    named = 0
    for (keys, fractional), stretches in journal.rows.items():
        axis = ShortAxis(keys, fractional, stretches)
        if not axis.is_short():
            return None
        axes.append(axis)
        named += len(keys)
    # the same name twice, in one set of columns or in two
    return axes if len({key for axis in axes for key in axis.keys}) == named else None


def _process_text(process: Fields) -> str:
    """Return what ``json_text`` returns, sooner for what needs no escapes."""
    if {*map(type, process.values())} <= _PLAIN:
        encoded = _encode(process)
        if encoded.isascii() and b"\\" not in encoded:
            return encoded.decode()
    return json_text(process)


@lru_cache(maxsize=256)
def _is_recorders(keys: tuple[str, ...]) -> bool:
    """Tell whether all of these metrics are the recorder's own, whose steps say nothing of how far a run is."""
    return all(key.lower().startswith("system/") for key in keys)


@lru_cache(maxsize=256)
def _names_text(stamped: tuple[str, ...]) -> str:
    columns = ["group_name" if name == "group" else name for name in stamped]
    return json_text(["project", "created", *columns])
