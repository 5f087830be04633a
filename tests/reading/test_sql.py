"""SQL over a live store: right answers, only what is needed is read, nothing can be changed."""

from __future__ import annotations

import math
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import trackrecord as tr
from trackrecord.exchange.tables import TABLES
from trackrecord.reading.sql import answer
from trackrecord.store.opening import open_store
from trackrecord.store.points.series import EmbeddedSeries
from trackrecord.words.errors import FormatError, QueryError, StoreNotFoundError, UsageError

pytest.importorskip("duckdb", minversion="2.0", reason="SQL needs duckdb 2.0, which needs Python 3.11")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs of two metrics, still in the inbox for the first test that asks; none of them changes it."""
    place = tmp_path_factory.mktemp("sql") / "store"
    for seed in range(4):
        with tr.init("p", name=f"seed-{seed}", params={"seed": seed, "lr": 0.1 * seed}, store=place) as run:
            for step in range(5):
                run.log({"val/accuracy": step * (seed + 1) / 100, "loss": 1 / (step + 1)}, step=step)
            run.log({"loss": math.nan}, step=5)
    return place


def test_the_question_everybody_asks(store: Path) -> None:
    """The greatest value of a metric by run, over a store that nobody exported, as the reading API has it."""
    best = tr.sql(
        "SELECT run, max(value) AS best FROM points WHERE metric = 'val/accuracy' GROUP BY run", store=store
    )
    expected = {run.id: run.metrics["val/accuracy"].max for run in tr.runs(store=store)}
    assert {row["run"]: row["best"] for row in best} == expected
    assert best.columns == ["run", "best"]
    assert best.to_pandas()["best"].dtype == np.float64


def test_values_are_bound(store: Path) -> None:
    """Question marks and names take values; what a text says is never SQL."""
    counted = tr.sql("SELECT count(*) AS n FROM points WHERE metric = ?", ["loss"], store=store)
    assert counted["n"].tolist() == [24]
    named = tr.sql("SELECT count(*) AS n FROM runs WHERE name = $name", {"name": "x' OR '1'='1"}, store=store)
    assert named["n"].tolist() == [0]


def test_a_condition_keeps_the_rest_unread(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the series that a statement's conditions let through are read from the store."""
    read: list[str] = []
    really = EmbeddedSeries.points

    def watched(self: EmbeddedSeries, run: str, metric: str, *, own: bool = False) -> object:
        read.append(metric)
        return really(self, run, metric, own=own)

    monkeypatch.setattr(EmbeddedSeries, "points", watched)
    tr.sql("SELECT max(value) FROM points WHERE metric = 'loss'", store=store)
    assert read == ["loss"] * 4
    read.clear()
    tr.sql("SELECT count(*) FROM runs JOIN params USING (run)", store=store)
    assert read == []


def test_every_table_answers(store: Path) -> None:
    """Each table has its documented columns, also where it has no row; the wide one has a column per key."""
    for name, table in TABLES.items():
        assert tr.sql(f"SELECT * FROM {name}", store=store).columns == [field.name for field in table.fields]
    wide = tr.sql('SELECT "params.seed", "metrics.loss" FROM runs_wide ORDER BY 1', store=store)
    assert wide["params.seed"].tolist() == [0, 1, 2, 3]
    assert np.isnan(wide["metrics.loss"]).all()


def test_joins_windows_and_pivots(store: Path) -> None:
    """What a filter language can't say: a window over steps, a pivot of params."""
    gain = tr.sql(
        """SELECT r.name, p.value - lag(p.value) OVER (PARTITION BY p.run ORDER BY p.step) AS gain
           FROM points p JOIN runs r USING (run)
           WHERE p.metric = 'val/accuracy' AND r.name = 'seed-1' ORDER BY p.step""",
        store=store,
    )
    assert next(row["gain"] for row in gain) is None
    assert np.ma.compressed(gain["gain"]).tolist() == pytest.approx([0.02] * 4)
    pivoted = tr.sql("PIVOT params ON key USING first(number) GROUP BY run", store=store)
    assert sorted(pivoted["seed"].tolist()) == [0.0, 1.0, 2.0, 3.0]


def test_answers_have_types_of_ours(store: Path) -> None:
    """Whole sums stay whole, decimals are floats, nested values JSON, times UTC, missing null."""
    row = next(
        iter(
            tr.sql(
                """SELECT sum(step::BIGINT) AS whole, 1.5 AS dec, {'a': 1} AS nested, DATE '2026-11-20' AS day,
                          min(time) AS begin, NULL AS nothing, list(DISTINCT metric ORDER BY metric) AS names,
                          true AS yes, 1 AS twice, 2 AS twice, 2::HUGEINT ** 3 AS h, 18446744073709551615::UBIGINT AS u
                   FROM points""",
                store=store,
            )
        )
    )
    assert row["whole"] == 4 * (2 * 10 + 5)
    assert (row["dec"], row["nested"], row["day"], row["nothing"]) == (1.5, '{"a": 1}', "2026-11-20", None)
    assert row["begin"].tzinfo is not None
    assert (row["names"], row["yes"], row["twice"], row["twice_2"]) == (["loss", "val/accuracy"], True, 1, 2)
    assert row["u"] == "18446744073709551615"


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO runs VALUES (1)",
        "CREATE TABLE t (a INT)",
        "DELETE FROM runs",
        "ATTACH 'other.db'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SET memory_limit = '8GB'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM glob(current_setting('allowed_directories')[1] || '../*')",
        "SELECT * FROM read_text(current_setting('allowed_directories')[1] || '../{folder.name}/secret.csv')",
        "PRAGMA enable_external_access = true",
        "PRAGMA memory_limit = '8GB'",
        "SELECT * FROM store",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
    ],
)
def test_nothing_else_can_be_reached(store: Path, tmp_path: Path, query: str) -> None:
    """No file, setting, extension or variable of the program: whatever a statement tries is an error."""
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(QueryError):
        tr.sql(query.format(folder=tmp_path), store=store)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("within", ["", "spilled/"])
@pytest.mark.parametrize(
    "way", ["**/../", "*/../../", "**/../../", "x/../../", "./../", "[.][.]/", "{..,x}/"]
)
def test_the_folder_of_a_statement_is_no_way_out(store: Path, tmp_path: Path, within: str, way: str) -> None:
    """The one folder that DuckDB may read leads to no other: not even names of files come out."""
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    outside = os.path.relpath(tmp_path, tempfile.gettempdir())
    listed = "SELECT file FROM glob(current_setting('allowed_directories')[1] || ?)"
    assert [Path(row["file"]).name for row in tr.sql(listed, ["*.json"], store=store)] == ["owner.json"]
    found = []
    with suppress(QueryError):
        found = list(tr.sql(listed, [f"{within}{way}{outside}/*"], store=store))
    assert found == []


def test_an_old_duckdb_is_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions that let names of files out are not used; the error says which one is needed."""
    monkeypatch.setattr("duckdb.__version__", "1.5.6")
    with pytest.raises(ImportError, match=r"duckdb 2\.0 or newer; this is duckdb 1\.5\.6"):
        tr.sql("SELECT 1", store=store)


def test_errors_show_the_place(store: Path) -> None:
    """The statement comes back with a mark where the trouble is, in the line where it is."""
    with pytest.raises(QueryError, match="nope") as caught:
        tr.sql("SELECT name,\n  nope FROM runs", store=store)
    assert str(caught.value).splitlines()[1:3] == ["    nope FROM runs", "    ^"]
    with pytest.raises(QueryError) as caught:
        tr.sql("SELECT * FROM runz", store=store)
    assert "points, runs_wide, runs" in str(caught.value)
    with pytest.raises(QueryError, match="One statement"):
        tr.sql("SELECT 1; SELECT 2", store=store)
    with pytest.raises(QueryError, match="syntax"):
        tr.sql("SELEC 1", store=store)
    with pytest.raises(UsageError, match="text"):
        tr.sql(1, store=store)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="memory"):
        tr.sql("SELECT 1", store=store, memory="much")
    with pytest.raises(StoreNotFoundError):
        tr.sql("SELECT 1", store=store / "nothing")


def test_too_much_at_once_is_an_error_with_a_way_out(store: Path) -> None:
    """What does not fit into its memory says how to give it more."""
    with pytest.raises(QueryError, match="memory"):
        tr.sql("SELECT list(repeat('x', 1000) || i) FROM range(1000000) t(i)", store=store, memory="20MB")


def test_an_answer_is_bounded_as_its_statement_is(store: Path) -> None:
    """An answer of more bytes than the memory given is an error, and the same one as a stream is none."""
    query = "SELECT i FROM range(3000000) t(i)"
    with pytest.raises(QueryError, match="answer is larger than"):
        tr.sql(query, store=store, memory="20MB")
    with open_store(store) as opened, answer(opened, query, memory="20MB") as found:
        assert sum(batch.num_rows for batch in found) == 3_000_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of a process is not told here")
def test_what_duckdb_does_not_count_is_bounded_too(store: Path) -> None:
    """Texts that a function makes beside DuckDB's own limit end the statement, and not the process."""
    with pytest.raises(QueryError, match="memory"):
        tr.sql("SELECT repeat('x', 1000000 + i::INT) FROM range(100000) t(i)", store=store, memory="20MB")


@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::TIMESTAMP",
        "'-infinity'::TIMESTAMPTZ",
        "'5000-01-01'::TIMESTAMPTZ",
        "'infinity'::DATE",
        "['infinity'::TIMESTAMP]",
    ],
)
def test_a_time_beyond_all_is_an_error_with_a_way_out(store: Path, value: str) -> None:
    """A time that no table here can hold names its column; as text it is answered."""
    with pytest.raises(QueryError, match="column 'far'"):
        tr.sql(f"SELECT {value} AS far", store=store)
    assert len(tr.sql(f"SELECT CAST({value} AS VARCHAR) AS far", store=store)) == 1


def test_a_statement_that_is_no_unicode_is_refused(store: Path) -> None:
    """Half of a surrogate pair, in the statement, in a name or in a value, is an error that shows it."""
    with pytest.raises(QueryError, match=r"'\\ud800' at character 9"):
        tr.sql("SELECT '\ud800'", store=store)
    with pytest.raises(QueryError, match="ud800"):
        tr.sql("SELECT $a", {"\ud800": 1}, store=store)
    with pytest.raises(QueryError, match="surrogate"):
        tr.sql("SELECT ?", ["\ud800"], store=store)


@pytest.mark.parametrize("name", ["runs", "runs_wide", "metrics", "points", "console"])
def test_every_table_can_be_summarized(store: Path, name: str) -> None:
    """SUMMARIZE answers with a row per column, also of times."""
    described = tr.sql(f"DESCRIBE {name}", store=store)
    assert (
        tr.sql(f"SUMMARIZE {name}", store=store)["column_name"].tolist() == described["column_name"].tolist()
    )


def test_a_damaged_series_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps a table from being read is told as it is, not as an error of SQL."""

    def damaged(*_: object, **__: object) -> object:
        raise FormatError("chunk 3 is damaged")

    monkeypatch.setattr(EmbeddedSeries, "points", damaged)
    with pytest.raises(FormatError, match="chunk 3"):
        tr.sql("SELECT max(value) FROM points", store=store)


def test_long_answers_come_in_pieces(store: Path) -> None:
    """The stream behind the command line never holds the whole answer."""
    with open_store(store) as opened, answer(opened, "SELECT i FROM range(300000) t(i)") as found:
        sizes = [batch.num_rows for batch in found]
    assert (sum(sizes), len(sizes) > 1) == (300_000, True)
