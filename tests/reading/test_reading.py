"""Reading from Python what was recorded from Python."""

from __future__ import annotations

import builtins
import copy
import gc
import math
import pickle
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackrecord as tr
from trackrecord.analysis.comparison import compare
from trackrecord.query.projects import list_projects
from trackrecord.query.runs import select_runs
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.opening import open_store
from trackrecord.words.errors import NotFoundError, StoreNotFoundError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of two runs, still in the inbox."""
    place = tmp_path / "store"
    with tr.init(
        "digits", name="<b>first</b>", params={"lr": 0.1, "layers": [1, 2], "kind": "mlp"}, store=place
    ) as run:
        tr.define_metric("accuracy", goal="max")
        for step, value in enumerate([0.5, 0.9, math.nan, 0.7]):
            run.log({"accuracy": value}, step=step)
        run.summary["score"] = 1
    with tr.init(
        "digits", name="second", params={"lr": "auto", "kind": "mlp"}, store=place, tags=["t"]
    ) as run:
        run.log({"accuracy": 0.6, "loss": math.inf}, step=0)
    return place


def test_a_table_is_a_sequence_of_records(store: Path) -> None:
    """Runs come filtered and ordered; length, index, slice and total are what they seem."""
    table = tr.runs(order_by="-accuracy", store=store)
    assert [run.name for run in table] == ["<b>first</b>", "second"]
    assert table[0].metrics["accuracy"].best == 0.9
    assert [run.name for run in table[1:]] == ["second"]
    limited = tr.runs('"t" in tags or lr == 0.1', limit=1, store=store)
    assert (len(limited), limited.total) == (1, 2)
    assert len(tr.runs("accuracy > 5", store=store)) == 0


def test_points_come_as_arrays(store: Path) -> None:
    """All points of a metric, NaN as logged, and the figures without them."""
    run = tr.open_run("<b>first</b>", store=store)
    metric = run.metric("accuracy")
    points = metric.points()
    assert points.steps.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(points.values, [0.5, 0.9, math.nan, 0.7])
    assert np.all(np.diff(points.times) >= 0)
    assert (metric.last, metric.min, metric.max, metric.best) == (0.7, 0.5, 0.9, 0.9)
    assert metric.mean == pytest.approx(0.7)
    sampled = metric.sampled(10)
    assert sampled.exact
    assert sampled.x.tolist() == [0, 1, 2, 3]
    assert dict(run.params) == {"lr": 0.1, "layers": [1, 2], "kind": "mlp"}
    assert dict(run.summary) == {"score": 1}
    run.close()


def test_one_line_reads_points(store: Path) -> None:
    """The store stays open as long as anything of the run is in use, and no longer."""
    metric = tr.open_run("second", store=store).metric("accuracy")
    gc.collect()
    assert metric.points().values.tolist() == [0.6]


def test_console_and_artifacts(tmp_path: Path) -> None:
    """What was printed comes back as one text, artifacts with their files."""
    place = tmp_path / "store"
    (tmp_path / "model.bin").write_bytes(b"weights")
    with tr.init("p", name="r", store=place) as run:
        print("epoch 1")
        print("epoch 2")
        run.log_artifact(tmp_path / "model.bin", kind="model")
    with tr.open_run("r", store=place) as stored:
        assert "epoch 1\nepoch 2\n" in stored.console()
        assert [(each.name, each.kind, each.size) for each in stored.artifacts] == [("model.bin", "model", 7)]


def test_an_unknown_metric_names_the_right_one(store: Path) -> None:
    """A misspelt metric is an error with a suggestion."""
    with tr.open_run("second", store=store) as run, pytest.raises(NotFoundError) as caught:
        run.metric("acuracy")
    assert caught.value.suggestions == ("accuracy",)


def test_no_store_is_said_and_none_is_made(tmp_path: Path) -> None:
    """Reading never makes a store."""
    with pytest.raises(StoreNotFoundError):
        tr.runs(store=tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_store_is_found_from_below(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers look where writers look."""
    (tmp_path / ".git").mkdir()
    store.rename(tmp_path / ".trackrecord")
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    monkeypatch.delenv("TRACKRECORD_STORE", raising=False)
    assert len(tr.runs()) == 2


def test_opening_takes_in_what_waits(store: Path) -> None:
    """What was logged is there at once: what waited in the inbox comes into the database."""
    with EmbeddedStore.open(store) as opened:
        assert opened.catalog.rows("SELECT COUNT(*) FROM run") == [(0,)]
    with open_store(store) as opened:
        assert opened.catalog.rows("SELECT COUNT(*) FROM run") == [(2,)]


@pytest.fixture
def read_only(store: Path) -> Iterator[Path]:
    """The store after everything was taken in, in folders that can't be written to."""
    open_store(store).close()
    folders = [store, *(path for path in store.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    yield store
    for folder in folders:
        folder.chmod(stat.S_IRWXU)


def test_a_read_only_store_can_be_read(read_only: Path) -> None:
    """Nothing has to be written to read."""
    assert len(tr.runs(store=read_only)) == 2
    assert tr.open_run("second", store=read_only).metric("accuracy").points().values.tolist() == [0.6]


def test_a_problem_with_the_inbox_is_told_once(store: Path) -> None:
    """When the inbox can't be taken in, the answer comes with a warning, not with an error."""
    open_store(store).close()
    with tr.init("digits", store=store) as run:
        run.log({"accuracy": 1.0})
    with (
        EmbeddedStore.open(store) as other,
        other.connections.writing(1),
        pytest.warns(RuntimeWarning, match="may be missing") as told,
    ):
        assert len(tr.runs(store=store)) == 2
    assert len(told) == 1


def test_pandas_polars_and_arrow(store: Path) -> None:
    """One call each; columns of one type stay that type, mixed ones become texts where a library needs it."""
    for library in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(library)
    table = tr.runs(order_by="created", store=store)
    frame = table.to_pandas()
    assert frame["params.lr"].tolist() == ["0.1", "auto"]
    assert frame["metrics.accuracy.best"].tolist() == [0.9, 0.6]
    assert frame["created"].dt.tz is not None
    polars = table.to_polars()
    assert polars["params.lr"].to_list() == ["0.1", "auto"]
    assert polars["params.layers"].to_list() == ["[1, 2]", None]
    assert polars["tags"].to_list() == [[], ["t"]]
    arrow = table.to_arrow()
    assert arrow["metrics.loss"].to_pylist() == [None, math.inf]
    assert arrow["state"].to_pylist() == ["finished", "finished"]
    empty = tr.runs("accuracy > 5", store=store)
    assert len(empty.to_pandas()) == len(empty.to_polars()) == empty.to_arrow().num_rows == 0


@pytest.mark.parametrize(
    ("library", "extra"), [("pandas", "pandas"), ("polars", "polars"), ("pyarrow", "arrow")]
)
def test_a_missing_library_is_named_with_its_install_command(
    store: Path, monkeypatch: pytest.MonkeyPatch, library: str, extra: str
) -> None:
    """Without the library the error says what to install."""
    table = tr.runs(store=store)
    really_import: Callable[..., Any] = builtins.__import__

    def fails(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return really_import(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(ImportError, match=rf"pip install 'trackrecord\[{extra}\]'"):
        getattr(table, f"to_{extra}")()


def test_representations_are_short_and_escaped(store: Path) -> None:
    """A notebook shows a table in which no text of a run is markup; a terminal shows aligned lines."""
    table = tr.runs(order_by="created", store=store)
    markup = table._repr_html_()
    assert "&lt;b&gt;first&lt;/b&gt;" in markup
    assert "<b>" not in markup
    lines = repr(table).splitlines()
    assert lines[0] == "RunTable: 2 runs"
    assert len(lines) == 4
    assert repr(tr.runs("accuracy > 5", store=store)) == "RunTable: no runs"
    assert "second" in repr(tr.open_run("second", store=store))


def test_a_result_set_by_hand_has_a_direction_too(tmp_path: Path) -> None:
    """A contract holds for a result that was never logged as a metric: comparison and project know the best."""
    place = tmp_path / "store"
    tr.define_metric("error", project="p", store=place, goal="min", primary=True, unit="%")
    for name, error in (("worse", 3.5), ("better", 1.5)):
        with tr.init("p", name=name, store=place) as run:
            run.summary["error"] = error
    with open_store(place) as opened:
        (project,) = list_projects(opened).projects
        table = select_runs(opened, order_by="created").rows
    (line,) = compare(table).results

    assert (line.values, line.goal, line.unit, line.best) == ((3.5, 1.5), "min", "%", (1,))
    assert project.primary is not None
    assert (project.primary.best, project.primary.run_name) == (1.5, "better")


def test_whole_numbers_of_any_size_are_read_and_compared(tmp_path: Path) -> None:
    """A param too large for a float is exact; one of more digits than Python reads comes as a hexadecimal text."""
    for name, value in (("large", 10**400), ("larger", 10**5000)):
        with tr.init("sizes", name=name, params={"n": value}, store=tmp_path / "store"):
            pass
    table = tr.runs(order_by="created", store=tmp_path / "store")
    assert [run.params["n"] for run in table] == [10**400, hex(10**5000)]
    assert [line.differs for line in compare(list(table)).params] == [True]


def test_archived_runs_and_the_trash_are_shown_when_asked_for(store: Path) -> None:
    """A table leaves out what was put or thrown away, unless it is asked for, as `trackrecord ls` does."""
    tr.runs('name == "second"', store=store).archive()
    assert [run.name for run in tr.runs(store=store)] == ["<b>first</b>"]
    assert {run.name for run in tr.runs(store=store, include_archived=True)} == {"<b>first</b>", "second"}
    tr.runs('name == "<b>first</b>"', store=store).delete()
    assert [run.name for run in tr.runs(store=store, trash=True)] == ["<b>first</b>"]


def test_metrics_of_a_row_are_like_a_dict(store: Path) -> None:
    """Figures are made when somebody looks; names, equality, copies and repr are those of a dict."""
    metrics = tr.runs('name == "second"', store=store)[0].metrics
    assert (list(metrics), len(metrics), "loss" in metrics, metrics.get("nope")) == (
        ["accuracy", "loss"], 2, True, None,
    )  # fmt: skip
    assert metrics == dict(metrics)
    copies = (pickle.loads(pickle.dumps(metrics)), copy.deepcopy(metrics), dict(metrics))
    assert {repr(each) for each in copies} == {repr(metrics)}  # by their text: a NaN equals nothing
    with pytest.raises(KeyError):
        metrics["nope"]
