"""The tables of a store as DuckDB sees them: read when a statement looks at them, and only what it looks at.

Each table is a pyarrow dataset of files that do not exist: when one is opened its rows are read from the store. The
points are one file per metric and a few runs, each with what is true of all its rows (its metric, the first and the
last of its runs), so that a statement's conditions leave most of them unopened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from trackrecord.exchange.arrow_stream import arrow_schema
from trackrecord.exchange.columns import Batch, Field
from trackrecord.exchange.points_table import LongPoints, Wanted, series_of
from trackrecord.exchange.tables import TABLES, Chosen, choose
from trackrecord.exchange.tabular import Frame
from trackrecord.reading.run_table import RunTable

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: points of one made-up file
_POINTS_A_FILE = 200_000
#: every table by name, with what is in it
DESCRIPTIONS = {
    "points": "run, metric, step, whole_step, time, value: a row per point",
    "runs_wide": 'a row per run with columns "params.KEY", "summary.KEY", "metrics.KEY"',
    **{name: ", ".join(field.name for field in table.fields) for name, table in TABLES.items()},
}


class StoreTables:
    """The datasets of one store, by name of the table."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = _Files()
        self._system = fs.PyFileSystem(self._files)
        self._chosen = choose(store)

    @property
    def problem(self) -> Exception | None:
        """What kept a table from being read."""
        return self._files.problem

    def dataset(self, name: str) -> ds.Dataset:
        """Return one table."""
        if name == "points":
            return self._points()
        if name == "runs_wide":
            return self._wide()
        table = TABLES[name]
        chosen = self._chosen
        pieces: list[Chosen] = list(chosen.pieces()) if table.by_run else [chosen]
        files: list[tuple[Callable[[], Batch], Any]] = [
            (lambda piece=piece: table.batch(self._store, piece), None)  # type: ignore[misc]
            for piece in pieces
        ]
        if table.rest:
            files.append((lambda: table.batch(self._store, chosen, table.rest), None))
        return self._dataset(name, table.fields, files)

    def _points(self) -> ds.Dataset:
        wanted = series_of(self._store, self._chosen.runs, inherited=True)
        wanted.sort(key=lambda each: (each.metric, each.run))
        files = []
        for part in _parts(wanted):
            first, last = part[0], part[-1]
            run = ds.field("run")
            known = (run == first.run) if first.run == last.run else (run >= first.run) & (run <= last.run)
            files.append(
                (lambda part=part: self._points_of(part), (ds.field("metric") == first.metric) & known)
            )
        return self._dataset("points", LongPoints((), ()).fields, files)

    def _points_of(self, part: Sequence[Wanted]) -> Batch:
        table = LongPoints((each.run for each in part), (each.metric for each in part))
        batches = list(table.batches(self._store, part, own=False, rows=2**62))
        return batches[0] if batches else Batch.of_rows(table.fields, [])

    def _wide(self) -> ds.Dataset:
        from trackrecord.query.runs import select_runs

        page = select_runs(self._store, limit=None)
        table = RunTable(page.rows, page.total)
        return ds.InMemoryDataset(table.to_arrow())

    def _dataset(
        self, name: str, fields: Sequence[Field], files: Sequence[tuple[Callable[[], Batch], Any]]
    ) -> ds.Dataset:
        made = ds.IpcFileFormat()
        fragments = [
            made.make_fragment(
                self._files.add(f"{name}/{number}", read, fields), self._system, partition_expression=known
            )
            for number, (read, known) in enumerate(files)
        ]
        return ds.FileSystemDataset(fragments, pa.schema(arrow_schema(fields)), made, self._system)


def _parts(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Divide series that are in the order of (metric, run): parts of one metric, of about so many points."""
    part: list[Wanted] = []
    points = 0
    for each in wanted:
        if part and (each.metric != part[0].metric or points >= _POINTS_A_FILE):
            yield part
            part, points = [], 0
        part.append(each)
        points += each.points
    if part:
        yield part


class _Files(fs.FileSystemHandler):  # type: ignore[misc]
    """Files of Arrow's format that are made when they are opened, to read only."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], Batch]] = {}
        self._fields: dict[str, Sequence[Field]] = {}
        #: a file is opened twice, for its schema and for its rows: what was made for the first is kept for the second
        self._made: dict[str, pa.Buffer] = {}
        self._lock = threading.Lock()
        self.problem: Exception | None = None

    def add(self, path: str, make: Callable[[], Batch], fields: Sequence[Field]) -> str:
        self._fields[path.partition("/")[0]] = fields
        self._makers[path] = make
        return path

    def open_input_file(self, path: str) -> pa.NativeFile:
        with self._lock:
            buffer = self._made.pop(path, None)
        if buffer is None:
            try:
                buffer = _ipc(Frame(self._makers[path]()).to_arrow())
            except Exception as error:  # noqa: BLE001 - told when the answer has been read
                # An error raised here, on a thread of Arrow's, was seen to stop everything for ever.
                self.problem = error
                buffer = _ipc(Frame(Batch.of_rows(self._fields[path.partition("/")[0]], [])).to_arrow())
            with self._lock:
                self._made[path] = buffer
        return pa.BufferReader(buffer)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return [fs.FileInfo(path, fs.FileType.File) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return [
            fs.FileInfo(path, fs.FileType.File) for path in self._makers if path.startswith(selector.base_dir)
        ]

    def get_type_name(self) -> str:
        return "trackrecord"

    def normalize_path(self, path: str) -> str:
        return path

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    def _refuse(self, *_: Any) -> Any:
        raise OSError("the tables of a store can't be written to")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse


def _ipc(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
