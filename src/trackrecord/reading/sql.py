"""SQL over a store: ad-hoc questions in DuckDB's dialect, to read only (docs/sql.md)."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.libraries import not_installed
from trackrecord.exchange.private_folder import private_folder
from trackrecord.exchange.tabular import Frame
from trackrecord.reading.interruptible import InterruptibleConnection, TooMuchMemoryError
from trackrecord.reading.sql_scans import EXPLAIN, Scan, only_read_by_plan, scans_by_words, scans_of_plan
from trackrecord.store.opening import open_store, warn_of
from trackrecord.words.errors import QueryError, StoreError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from trackrecord.reading.sql_tables import Progress
    from trackrecord.store.contract import Store

#: the oldest DuckDB: 1.5 lists names of files outside of an allowed folder (``glob`` of a path with ``**/../``) and
#: takes a PIVOT for two statements
_OLDEST = 2
#: what a statement may hold in memory before it goes over to a temporary folder
MEMORY = "1GB"
#: statements that only read; anything else would change a database that is gone a moment later
_READING = ("SELECT", "EXPLAIN", "MULTI", "PRAGMA", "CALL")
#: what the names of its folders begin with
_FOLDERS = "trackrecord-sql-"
#: rows of a batch of the answer
_ROWS = 65_536
#: how much the process may grow in one step of a statement beyond what DuckDB may hold: Arrow's batches, Python's texts
_BESIDE = 512 * 2**20
_MORE = "Give it more memory (--memory 4GB, memory=...), or ask for less at once."

Values = Sequence[Any] | Mapping[str, Any]


def sql(
    query: str,
    values: Values = (),
    *,
    store: str | os.PathLike[str] | None = None,
    memory: str = MEMORY,
) -> Frame:
    """Answer one SQL statement over the store, read only, in DuckDB's dialect.

    The tables are those of an export (docs/sql.md): ``runs``, ``params``, ``summary``, ``metrics``, ``points``,
    ``tags``, ``console``, ``media``, ``artifacts`` and more, with ``runs_wide`` as `runs` has them. What the statement
    needs is written to a temporary folder first: a condition on ``metric`` or ``run`` keeps the others from being read.

    Args:
        query: one statement that reads, such as a SELECT.
        values: for the ``?`` or ``$name`` in it.
        store: the store's folder; looked up as `init` does without.
        memory: how much the statement may hold before it goes over to a temporary folder, such as ``"4GB"``; the
            answer may have as many bytes.

    Raises:
        QueryError: the statement can't be understood, is not one that reads, needs more memory, or its answer has
            a time that no table here can hold.
        StoreError: there is no store, or it can't be read.
        ImportError: DuckDB 2.0 or newer, or pyarrow, is not installed.

    Example::

        best = tr.sql("SELECT run, max(value) AS best FROM points WHERE metric = ? GROUP BY run", ["val/accuracy"])
        best.to_pandas()
    """
    if not isinstance(query, str):
        raise UsageError(f"query is an SQL statement as a text, not {query!r:.100}.")
    opened = open_store(store, on_problem=warn_of)
    try:
        with answer(opened, query, values, memory=memory) as found:
            from trackrecord.reading.sql_values import frame_of

            return frame_of(found.read_all())
    finally:
        opened.close()


@contextmanager
def answer(
    store: Store,
    query: str,
    values: Values = (),
    *,
    memory: str = MEMORY,
    on_progress: Progress | None = None,
) -> Iterator[Answer]:
    """Yield the answer to one statement as a stream of Arrow batches; raises as `sql` does.

    What the statement needs of the store is first written to a private folder, and DuckDB reads that: no thread of
    DuckDB's ever runs Python (docs/decisions/0005-sql-over-files.md).
    """
    duckdb = _library()
    try:
        from trackrecord.reading.sql_tables import DESCRIPTIONS, WIDE, StoreTables
    except ImportError as error:
        raise not_installed("pyarrow", "sql") from error
    given = dict(values) if isinstance(values, Mapping) else list(values)
    for text in (query, *(given if isinstance(given, dict) else ())):
        _check_encodable(text)
    with (
        private_folder(_FOLDERS, Path(tempfile.gettempdir())) as folder,
        _connected(duckdb, folder, memory) as connection,
    ):
        # The wide one has a column for every key: it is made when it is named, and who needs it has to write its name.
        tables = StoreTables(store, wide=WIDE in query.lower())
        errors = _Errors(query, tuple(DESCRIPTIONS))
        tables.create_empty(connection)
        with errors.told(duckdb.Error):
            statement, kind = _only_statement(connection, query)
        with errors.told(duckdb.Error, shift=len(EXPLAIN)):
            columns = {name: [field.name for field in fields] for name, fields in tables.fields.items()}
            scans = _needed(connection, duckdb.Error, columns, (statement, kind, given))
        try:
            tables.fill(connection, duckdb.Error, folder, scans, on_progress)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StoreError(
                f"What the statement reads does not fit on the disk of {folder.parent}: {error.strerror}.",
                hint="Ask for less at once (a condition on metric or run), or set TMPDIR to a folder with more room.",
            ) from error
        connection.execute("SET disabled_optimizers = ''")  # those off for the plan alone
        connection.execute("SET lock_configuration = true")
        with errors.told(duckdb.Error):
            most = _bytes_of_memory(connection)
            reader = connection.call(_run, statement, given)
        # what goes wrong while the answer is read comes through Arrow as an OSError, with DuckDB's text
        yield Answer(reader, lambda: errors.told((duckdb.Error, OSError)), connection, most)


def _library() -> Any:
    """Return DuckDB. Raises ImportError without one that is new enough."""
    try:
        import duckdb
    except ImportError as error:
        if sys.version_info < (3, 11):
            raise _too_old("no duckdb is installed") from error
        raise not_installed("duckdb", "sql") from error
    if int(duckdb.__version__.partition(".")[0]) < _OLDEST:
        raise _too_old(f"this is duckdb {duckdb.__version__}")
    return duckdb


def _too_old(found: str) -> ImportError:
    python = ".".join(str(part) for part in sys.version_info[:3])
    return ImportError(
        f"SQL needs Python 3.11 or newer and duckdb {_OLDEST}.0 or newer; {found}, on Python {python}. "
        "There: pip install --upgrade 'trackrecord[sql]'",
        name="duckdb",
    )


class Answer:
    """The answer to a statement: Arrow batches one after the other, and their schema."""

    def __init__(
        self,
        reader: pa.RecordBatchReader,
        told: Callable[[], AbstractContextManager[None]],
        connection: InterruptibleConnection,
        most: int,
    ) -> None:
        self._reader = reader
        self._most = most
        self._told = told
        self._connection = connection
        #: the columns as DuckDB has them
        self.schema: pa.Schema = reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._told():
                batch = self._connection.call(lambda _: next(self._reader, None))
            if batch is None:
                return
            yield batch

    def read_all(self, limit: int | None = None) -> pa.Table:
        """Return the whole answer, or one that ends with the batch that passes ``limit`` rows.

        Raises QueryError when that has more bytes than the statement has memory.
        """
        import pyarrow as pa

        batches: list[pa.RecordBatch] = []
        rows = size = 0
        for batch in self:
            batches.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
            if size > self._most:
                raise QueryError(
                    f"SQL: the answer is larger than {self._most / 1e6:.0f} MB after {rows} rows.",
                    hint=f"{_MORE} --csv, --json and --format parquet write an answer piece by piece.",
                )
            if limit is not None and rows > limit:
                break
        return pa.Table.from_batches(batches, self.schema)


class _Errors:
    """What DuckDB says of a statement, in our words."""

    def __init__(self, query: str, names: Sequence[str]) -> None:
        self._query = query
        self._names = names

    @contextmanager
    def told(self, kinds: Any, shift: int = 0) -> Iterator[None]:
        """Raise such errors as QueryError. ``shift`` is how much was put in front of the statement."""
        try:
            yield
        except TooMuchMemoryError:
            raise QueryError("SQL: the statement takes too much memory.", hint=_MORE) from None
        except kinds as error:
            raise self._explained(error, shift) from None

    def _explained(self, error: BaseException, shift: int) -> QueryError:
        message, place = _text_of(error)
        position, line = None, ""
        if place is not None and place >= shift:
            before = self._query.encode("utf-8", "replace")[: place - shift].decode("utf-8", "ignore")
            begin = before.rfind("\n") + 1
            line = self._query[begin:].split("\n", 1)[0]
            position = len(before) - begin
        first, _, rest = message.partition("\n")
        hint = " ".join(rest.split()) or None
        if first.startswith("Table") and "does not exist" in first:
            hint = f"The tables are {', '.join(self._names)}: docs/sql.md has their columns."
        elif "Out of Memory" in str(error):
            hint = _MORE
        return QueryError(f"SQL: {first}", text=line, position=position, hint=hint)


@contextmanager
def _connected(duckdb: Any, folder: Path, memory: str) -> Iterator[InterruptibleConnection]:
    settings = {
        # no file but those of this folder, no network, no extension, no variable of the calling program
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": str(folder / "spilled"),
        "memory_limit": memory,
    }
    try:
        connection = InterruptibleConnection(lambda: duckdb.connect(":memory:", config=settings))
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "SET errors_as_json = true"
        )  # of the session in older versions, not of the database
    except duckdb.Error as error:
        raise UsageError(f"DuckDB can't be started with memory {memory!r}: {_text_of(error)[0]}") from None
    try:
        place = str(folder).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{place}']")
        connection.execute("SET enable_external_access = false")
        connection.most_growth = _bytes_of_memory(connection) + _BESIDE
        yield connection
    finally:
        connection.close()


def _check_encodable(text: object) -> None:
    """Refuse a text that is no Unicode: half of a surrogate pair, which a byte of a command line becomes, too."""
    if not isinstance(text, str):
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise QueryError(
            f"SQL: {text[error.start]!a} at character {error.start + 1} is no Unicode text.",
            hint="Write the statement in UTF-8; a value that is no text can be a BLOB: '\\xFF'::BLOB.",
        ) from None


def _bytes_of_memory(connection: InterruptibleConnection) -> int:
    """Return how much DuckDB may hold, of which it tells ``953.6 MiB``."""
    [(told,)] = connection.execute("SELECT current_setting('memory_limit')")
    number, unit = str(told).split()
    powers = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    return int(float(number) * 1024 ** powers.index(unit)) if unit in powers else int(float(number))


def _only_statement(connection: InterruptibleConnection, query: str) -> tuple[str, str]:
    statements = connection.call(lambda it: it.extract_statements(query))
    if len(statements) != 1:
        raise QueryError(
            f"One statement at a time, not {len(statements)}.", text="", hint="Ask them one after the other."
        )
    kind = str(statements[0].type.name)
    if kind not in _READING:
        raise QueryError(
            f"The store is read only: {kind} is refused.",
            hint="SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, PIVOT and EXPLAIN read.",
        )
    return str(statements[0].query), kind


def _needed(
    connection: InterruptibleConnection,
    error: type[Exception],
    columns: dict[str, list[str]],
    asked: tuple[str, str, Any],
) -> list[Scan]:
    """Return what a statement (its text, its kind, its values) reads of which table."""
    statement, kind, given = asked
    if kind == "SELECT" and only_read_by_plan(connection, error):
        rows = connection.execute(EXPLAIN + statement, given)
        found = scans_of_plan(rows[0][1], columns) if len(rows) == 1 else None
        if found is not None:
            return found
    if kind == "EXPLAIN" and "analyze" not in statement.lower():
        return []
    # a PIVOT asks the table for its columns before it has a plan; EXPLAIN, PRAGMA and CALL have none
    return scans_by_words(statement, columns)


def _run(connection: Any, statement: str, given: Any) -> pa.RecordBatchReader:
    relation = connection.sql(statement, params=given or None)
    if relation is None:  # a statement without an answer
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(pa.schema([]), [])
    # of a relation and not of `execute`, which keeps all of the answer in some versions
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    reader: pa.RecordBatchReader = read(_ROWS)
    return reader


def _text_of(error: BaseException) -> tuple[str, int | None]:
    """Return DuckDB's message, and the place in the statement that it is about."""
    text = str(error)
    try:
        told = json.loads(text[text.index("{") :])
        message, place = str(told["exception_message"]), told.get("position")
    except (ValueError, KeyError, TypeError):
        return re.sub(r"^[A-Z]\w*( \w+){0,3} Error: ", "", text.strip()), None
    return message.strip(), int(place) if str(place).isdecimal() else None
