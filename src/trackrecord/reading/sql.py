"""SQL over a store: ad-hoc questions in DuckDB's dialect, to read only (docs/sql.md)."""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.libraries import not_installed
from trackrecord.exchange.tabular import Frame
from trackrecord.store.opening import open_store, warn_of
from trackrecord.words.errors import QueryError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from trackrecord.reading.sql_tables import StoreTables
    from trackrecord.store.contract import Store

#: what a statement may hold in memory before it goes over to a temporary folder
MEMORY = "1GB"
#: statements that only read; anything else would change a database that is gone a moment later
_READING = ("SELECT", "EXPLAIN", "MULTI", "PRAGMA", "CALL")
_EXPLAIN = "EXPLAIN "
#: rows of a batch of the answer
_ROWS = 65_536

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
    ``tags``, ``console``, ``media``, ``artifacts`` and more, with ``runs_wide`` as `runs` has them. Points are read
    from the store as the statement needs them: a condition on ``metric`` or ``run`` keeps the others from being read.

    Args:
        query: one statement that reads, such as a SELECT.
        values: for the ``?`` or ``$name`` in it.
        store: the store's folder; looked up as `init` does without.
        memory: how much the statement may hold before it goes over to a temporary folder, such as ``"4GB"``.

    Raises:
        QueryError: the statement can't be understood, is not one that reads, or needs more memory.
        StoreError: there is no store, or it can't be read.
        ImportError: DuckDB or pyarrow is not installed.

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
def answer(store: Store, query: str, values: Values = (), *, memory: str = MEMORY) -> Iterator[Answer]:
    """Yield the answer to one statement as a stream of Arrow batches; raises as `sql` does."""
    try:
        import duckdb
    except ImportError as error:
        raise not_installed("duckdb", "sql") from error
    try:
        from trackrecord.reading.sql_tables import DESCRIPTIONS, StoreTables
    except ImportError as error:
        raise not_installed("pyarrow", "sql") from error
    tables = StoreTables(store)
    with tempfile.TemporaryDirectory(prefix="trackrecord-sql-") as folder:
        connection = _connection(duckdb, folder, memory)
        errors = _Errors(query, tables, DESCRIPTIONS)
        try:
            with errors.told(duckdb.Error):
                statement = _only_statement(connection, query)
            words = query.lower()
            for name in DESCRIPTIONS:
                # The wide one is made whole when it is named; whoever needs it has to write its name.
                if name != "runs_wide" or name in words:
                    connection.register(name, tables.dataset(name))
            connection.execute("SET lock_configuration = true")
            given = dict(values) if isinstance(values, Mapping) else list(values)
            with errors.told(duckdb.Error):
                try:
                    reader = _run(connection, statement, given)
                except duckdb.Error:
                    # DuckDB's relations do not say where in the statement an error is; a plain statement does
                    with errors.told(duckdb.Error, shift=len(_EXPLAIN)):
                        connection.execute(_EXPLAIN + statement, given)
                    raise
            # what goes wrong while the answer is read comes through Arrow as an OSError, with DuckDB's text
            yield Answer(reader, lambda: errors.told((duckdb.Error, OSError)))
        finally:
            connection.close()


class Answer:
    """The answer to a statement: Arrow batches one after the other, and their schema."""

    def __init__(
        self, reader: pa.RecordBatchReader, told: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._reader = reader
        self._told = told
        #: the columns as DuckDB has them
        self.schema: pa.Schema = reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._told():
                batch = next(self._reader, None)
            if batch is None:
                return
            yield batch

    def read_all(self) -> pa.Table:
        """Return the whole answer."""
        with self._told():
            return self._reader.read_all()


class _Errors:
    """What DuckDB says of a statement, in our words."""

    def __init__(self, query: str, tables: StoreTables, names: Iterable[str]) -> None:
        self._query = query
        self._tables = tables
        self._names = tuple(names)

    @contextmanager
    def told(self, kinds: Any, shift: int = 0) -> Iterator[None]:
        """Raise such errors as QueryError; what kept a table from being read as it was raised.

        ``shift`` is how much was put in front of the statement.
        """
        try:
            yield
        except kinds as error:
            if self._tables.problem is not None:
                raise self._tables.problem from error
            raise self._explained(error, shift) from None
        if self._tables.problem is not None:
            raise self._tables.problem

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
            hint = "Give it more memory (--memory 4GB, memory=...), or ask for less at once."
        return QueryError(f"SQL: {first}", text=line, position=position, hint=hint)


def _connection(duckdb: Any, folder: str, memory: str) -> Any:
    settings = {
        # no file, no network, no extension, no variable of the calling program
        "enable_external_access": "false",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": folder,
        "memory_limit": memory,
        "errors_as_json": "true",
    }
    try:
        connection = duckdb.connect(":memory:", config=settings)
        connection.execute("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise UsageError(f"DuckDB can't be started with memory {memory!r}: {_text_of(error)[0]}") from None
    return connection


def _only_statement(connection: Any, query: str) -> str:
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(
            f"One statement at a time, not {len(statements)}.", text="", hint="Ask them one after the other."
        )
    kind = statements[0].type.name
    if kind not in _READING:
        raise QueryError(
            f"The store is read only: {kind} is refused.",
            hint="SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, PIVOT and EXPLAIN read.",
        )
    return str(statements[0].query)


def _run(connection: Any, statement: str, given: Any) -> pa.RecordBatchReader:
    with warnings.catch_warnings():
        # DuckDB's advice for another way to ask, which knows only statements that are a SELECT
        warnings.simplefilter("ignore")
        relation = connection.sql(statement, params=given or None)
        if relation is None:  # a statement without an answer
            import pyarrow as pa

            empty = pa.schema([])
            return pa.RecordBatchReader.from_batches(empty, [])
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
