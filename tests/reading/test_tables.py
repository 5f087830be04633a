"""Tables as NumPy, pandas, Polars, Arrow and DuckDB: the same values and types everywhere, missing ones null."""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trackrecord as tr
from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Frame
from trackrecord.reading import RunTable
from trackrecord.words.errors import NotFoundError, UsageError

_VALUES = {
    Kind.INT: st.integers(-(2**63), 2**63 - 1),
    Kind.FLOAT: st.floats(),
    Kind.BOOL: st.booleans(),
    Kind.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    Kind.TIME: st.integers(-(2**62), 2**62),
    Kind.TEXTS: st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=3),
}


@st.composite
def _columns(draw: st.DrawFn) -> list[Column]:
    rows = draw(st.integers(0, 20))
    kinds = draw(st.lists(st.sampled_from(list(_VALUES)), min_size=1, max_size=5))
    return [
        Column.of(
            Field(f"c{at}", kind), draw(st.lists(st.none() | _VALUES[kind], min_size=rows, max_size=rows))
        )
        for at, kind in enumerate(kinds)
    ]


def _comparable(values: list[Any]) -> list[Any]:
    return ["nan" if isinstance(value, float) and math.isnan(value) else value for value in values]


@given(_columns(), st.integers(1, 25))
def test_every_library_gets_the_same_values(columns: list[Column], rows: int) -> None:
    """Whatever a table holds, in pieces of any size: each library has each value, null where one is missing."""
    frame = Frame(Batch(tuple(columns)))
    arrow, polars, pandas = frame.to_arrow(), frame.to_polars(), frame.to_pandas()
    arrays = frame.to_numpy()
    assert sum(len(piece) for piece in frame.batches(rows)) == len(frame)
    for column in columns:
        expected = _comparable(column.python())
        found = arrow[column.name]
        if column.field.kind is Kind.TIME:
            found = found.cast(pa.int64())
        assert _comparable(found.to_pylist()) == expected
        series = polars[column.name]
        if column.field.kind is Kind.TIME:
            assert series.dtype == pl.Datetime("ns", "UTC")
            series = series.dt.epoch("ns")
        assert _comparable(series.to_list()) == expected
        array = arrays[column.name]
        missing = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else array == None  # noqa: E711
        if column.field.kind in (Kind.INT, Kind.FLOAT, Kind.BOOL, Kind.TIME):
            plain = np.asarray(array).view(np.int64) if column.field.kind is Kind.TIME else np.asarray(array)
            there = ~np.ma.getmaskarray(array)
            assert _comparable(plain[there].tolist()) == [value for value in expected if value is not None]
            assert int(there.sum()) == sum(value is not None for value in expected)
        else:
            assert array.tolist() == expected
        assert len(missing) == len(frame)
        _check_pandas(column, pandas[column.name], expected)


def _check_pandas(column: Column, series: Any, expected: list[Any]) -> None:
    kinds = {Kind.INT: "int", Kind.FLOAT: "float", Kind.BOOL: "bool", Kind.TEXT: "string"}
    assert str(series.dtype).lower().startswith(kinds.get(column.field.kind, ""))
    for value, wanted in zip(series.array, expected, strict=True):
        if wanted is None:
            assert value is None or value is pd.NA or value is pd.NaT
        elif wanted == "nan" and column.field.kind is Kind.FLOAT:
            assert value is not pd.NA
            assert math.isnan(value)
        elif column.field.kind is Kind.TIME:
            assert value.value == wanted
        else:
            assert value == wanted


@given(
    st.lists(
        st.none()
        | st.integers()
        | st.booleans()
        | st.floats()
        | st.text(max_size=4)
        | st.lists(st.integers())
    )
)
def test_the_kind_of_a_column_holds_its_values_exactly(values: list[Any]) -> None:
    """A column of anything keeps each value: as itself, as an equal float, or as a text that says it."""
    column = Column.guessed("c", values)
    for value, kept in zip(values, column.python(), strict=True):
        if value is None or column.field.kind is not Kind.TEXT:
            assert kept == value or (kept != kept and value != value)
        else:
            assert isinstance(kept, str)
            assert (
                kept == value
                or kept == str(value)
                or kept.lower() == str(value).lower()
                or value != value
                or "nf" in kept
            )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Runs with params of every type, some of them missing."""
    place = tmp_path / "store"
    for seed in range(3):
        params: dict[str, Any] = {"seed": seed, "big": 2**60 + seed, "flag": True, "mixed": seed or "auto"}
        if seed:
            params |= {"extra": seed, "rate": 0.5 * seed, "on": seed == 1, "sizes": [1, [2]], "huge": 2**70}
        with tr.init("p", name=f"seed-{seed}", params=params, tags=["t"] * seed, store=place) as run:
            for step in range(4):
                run.log({"loss": 1 / (step + 1) + seed}, step=step)
                if step % 2:
                    run.log({"acc": math.nan if step == 1 else 0.5}, step=step)
            if seed == 2:
                run.log({"once": math.nan}, step=0.5)
    return place


def test_a_table_of_runs_has_right_types(store: Path) -> None:
    """Whole numbers stay whole in a column with gaps, bools bools; missing is null beside a NaN that is none."""
    table = tr.runs(order_by="name", store=store)
    arrow = table.to_arrow()
    kinds = {name: str(kind) for name, kind in zip(arrow.schema.names, arrow.schema.types, strict=True)}
    assert {name: kinds[f"params.{name}"] for name in ("seed", "big", "extra", "flag", "on", "rate")} == {
        "seed": "int64",
        "big": "int64",
        "extra": "int64",
        "flag": "bool",
        "on": "bool",
        "rate": "double",
    }
    assert (kinds["created"], kinds["tags"], kinds["exit_code"]) == (
        "timestamp[ns, tz=UTC]",
        "list<item: string>",
        "int64",
    )
    assert arrow["params.big"].to_pylist() == [2**60, 2**60 + 1, 2**60 + 2]
    assert arrow["params.extra"].to_pylist() == [None, 1, 2]
    assert arrow["params.on"].to_pylist() == [None, True, False]
    assert arrow["params.mixed"].to_pylist() == ["auto", "1", "2"]
    assert arrow["params.sizes"].to_pylist() == [None, "[1, [2]]", "[1, [2]]"]
    assert arrow["params.huge"].to_pylist() == [None, str(2**70), str(2**70)]
    assert arrow["tags"].to_pylist() == [[], ["t"], ["t"]]
    once = arrow["metrics.once"]
    assert (once.null_count, math.isnan(once[2].as_py())) == (2, True)

    frame = table.to_pandas()
    assert [str(frame[f"params.{name}"].dtype) for name in ("seed", "extra", "on", "rate")] == [
        "int64",
        "Int64",
        "boolean",
        "Float64",
    ]
    assert isinstance(table.to_numpy()["params.extra"], np.ma.MaskedArray)


def test_duckdb_and_pandas_take_a_table_as_it_is(store: Path) -> None:
    """A table is an Arrow stream for whoever reads those, with no call of ours."""
    duckdb = pytest.importorskip("duckdb")
    table = tr.runs(order_by="name", store=store)
    points = table.points("loss")
    with duckdb.connect() as connection:
        relation = connection.from_arrow(pa.RecordBatchReader.from_stream(points))
        assert relation.aggregate("count(*), max(value)").fetchall() == [(12, 3.0)]
    assert pa.table(tr.open_run("seed-1", store=store).metric("loss").points()).num_rows == 4
    assert pa.schema(points).names == points.columns
    if hasattr(pd.DataFrame, "from_arrow"):
        assert len(pd.DataFrame.from_arrow(points)) == 12


def test_long_points_are_the_points_of_each_run(store: Path) -> None:
    """The long table holds exactly what each metric gives, in the order of the table of runs."""
    table = tr.runs(order_by="-name", store=store)
    frame = table.points(["loss", "acc"]).read()
    at = 0
    for record in table:
        run = tr.open_run(record, store=store)
        for metric in ("acc", "loss"):
            points = run.metric(metric).points()
            here = slice(at, at + len(points))
            assert set(frame["run"][here]) == {record.id}
            assert set(frame["name"][here]) == {record.name}
            assert set(frame["metric"][here]) == {metric}
            assert frame["step"][here].tolist() == points.steps.tolist()
            np.testing.assert_array_equal(frame["value"][here], points.values)
            np.testing.assert_array_equal(frame["time"][here].view(np.int64), points.times)
            at += len(points)
    assert at == len(frame)
    assert frame["step"].dtype == np.int64
    assert table.points().to_numpy()["step"].dtype == np.float64
    pandas = table.points("loss").to_pandas().pivot(index="step", columns="name", values="value")
    assert pandas["seed-1"].tolist() == [2.0, 1.5, 1 + 1 / 3, 1.25]


def test_long_tables_come_in_pieces(store: Path) -> None:
    """Batches have at most so many rows, and together all of them."""
    points = tr.runs(store=store).points()
    pieces = list(points.batches(5))
    assert max(map(len, pieces)) == 5
    assert sum(map(len, pieces)) == len(points.read())
    assert {each.columns == points.columns for each in pieces} == {True}
    assert len(list(points)) == len(points.read())
    with pytest.raises(UsageError):
        list(points.batches(0))
    curve = tr.open_run("seed-0", store=store).metric("loss").points()
    assert [piece.steps.tolist() for piece in curve.batches(3)] == [[0, 1, 2], [3]]


def test_no_runs_make_an_empty_table(store: Path) -> None:
    """Without a run there are columns and no rows."""
    table = tr.runs("loss > 100", store=store)
    assert table.points().to_pandas().columns.tolist() == table.points().columns
    assert table.points("loss").to_polars().height == 0
    assert table.to_polars().height == 0
    assert table.table("params").to_arrow().num_rows == 0


def test_a_wrong_name_is_said_with_the_right_one(store: Path) -> None:
    """Metrics, tables and columns that are not there are named, with what was probably meant."""
    table = tr.runs(store=store)
    with pytest.raises(NotFoundError) as caught:
        table.points("los").to_numpy()
    assert caught.value.suggestions == ("loss",)
    with pytest.raises(NotFoundError) as caught:
        table.table("param")
    assert "params" in caught.value.suggestions
    with pytest.raises(UsageError, match="no column 'x'"):
        table.points("loss").read()["x"]
    with pytest.raises(UsageError, match="not read from a store"):
        RunTable([], 0).points()


def test_history_puts_metrics_side_by_side(store: Path) -> None:
    """A row per step; null where a metric has no point there, NaN where it was logged."""
    run = tr.open_run("seed-2", store=store)
    history = run.history()
    assert history.columns == ["step", "time", "acc", "loss", "once"]
    assert history["step"].tolist() == [0, 0.5, 1, 2, 3]
    acc = history.to_arrow()["acc"].to_pylist()
    assert [acc[0], acc[1], acc[3], acc[4]] == [None, None, None, 0.5]
    assert math.isnan(acc[2])
    assert run.history("loss")["loss"].tolist() == run.metric("loss").points().values.tolist()
    assert len(run.history([])) == 0
    with pytest.raises(NotFoundError):
        run.history(["los"])
    (first, *_) = history
    assert (first["step"], first["acc"], first["loss"]) == (0.0, None, 3.0)


_LOGGED = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(-3, 3) | st.sampled_from([0.5, 1.5]), st.floats()),
    max_size=25,
)


@given(_LOGGED)
def test_history_is_the_last_of_each_step(logged: list[tuple[str, float, float]]) -> None:
    """Against a dictionary of what was logged: the last value of each metric at each step."""
    import tempfile

    last: dict[tuple[float, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        with tr.init("p", name="r", store=place, console=False, system_metrics=False) as run:
            for key, step, value in logged:
                run.log({key: value}, step=step)
                last.setdefault((step, key), []).append(value)
        stored = tr.open_run("r", store=place)
        frame = stored.history()
        expected_steps = sorted({step for step, _ in last})
        assert frame["step"].tolist() == expected_steps
        for row in frame:
            for key in stored.metrics:
                among = last.get((row["step"], key))
                if among is None:
                    assert row[key] is None
                else:
                    # two of the same nanosecond are in the order of their values
                    assert any(
                        row[key] == value or (row[key] != row[key] and value != value) for value in among
                    )
        stored.close()


def test_a_fork_has_the_history_it_inherits(tmp_path: Path) -> None:
    """Long tables show what the run's own metric shows: inherited points, and metrics only its parent logged."""
    with tr.init("p", name="base", store=tmp_path) as base:
        for step in range(4):
            base.log({"loss": float(step), "only": 1.0}, step=step)
    with tr.init("p", name="fork", fork_from=(base, 1), store=tmp_path) as fork:
        fork.log({"loss": 9.0}, step=2)
    points = tr.runs('name == "fork"', store=tmp_path).points().read()
    assert list(zip(points["metric"], points["step"].tolist(), points["value"].tolist(), strict=True)) == [
        ("loss", 0, 0.0),
        ("loss", 1, 1.0),
        ("loss", 2, 9.0),
        ("only", 0, 1.0),
        ("only", 1, 1.0),
    ]


def test_the_other_tables_of_a_run(store: Path) -> None:
    """Params, metrics, console and the like of one run or of many, as an export has them."""
    run = tr.open_run("seed-1", store=store)
    params = run.table("params").to_polars()
    assert set(params["key"]) == set(run.params)
    assert set(params["run"]) == {run.id}
    figures = {row["metric"]: row for row in run.table("metrics")}
    assert figures["loss"]["points"] == 4
    assert tr.runs(store=store).table("tags").to_pandas()["tag"].tolist() == ["t", "t"]
    assert run.points("loss").to_numpy()["value"].tolist() == run.metric("loss").points().values.tolist()
    curve = run.metric("loss").sampled(10)
    assert curve.to_polars()["y"].to_list() == curve.y.tolist()


def test_without_the_arrow_library_the_extra_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas and NumPy need no Arrow; for the others the error says what to install."""
    table = tr.runs(store=store)
    really_import = builtins.__import__

    def fails(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] in ("arro3", "pyarrow", "polars"):
            raise ImportError(name)
        return really_import(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", fails)
    assert len(table.to_numpy()["id"]) == 3
    assert table.points("loss").read()["value"].shape == (12,)
    with pytest.raises(ImportError, match=r"pip install 'trackrecord\[arrow\]'"):
        table.__arrow_c_stream__()
