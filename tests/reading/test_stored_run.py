"""One recorded run in Python: from a row of a table to everything that is known of it."""

from __future__ import annotations

import builtins
import copy
import math
import pickle
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackrecord as tr
from trackrecord.store.contract import Points
from trackrecord.words.errors import NotFoundError, UsageError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of one run with a bit of everything that is known of a run."""
    place = tmp_path / "store"
    with tr.init(
        "digits",
        name="<b>boom",
        experiment="wide",
        group="seeds",
        params={"lr": 0.1},
        tags=["t"],
        notes="a note",
        hypothesis="it works",
        store=place,
    ) as run:
        for step, value in enumerate([0.5, math.nan, 0.7]):
            run.log({"loss": value}, step=step / 2)
        run.summary["score"] = 1
        run.log({"empty": object()})
    return place


def test_a_row_of_a_table_opens_its_run(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`open_run` takes a row as it takes an id; where the store is another one, the error says to name it."""
    row = tr.runs(store=store)[0]
    assert tr.open_run(row, store).metric("loss").points().values[0] == 0.5
    assert tr.open_run(row, store).record == tr.open_run(row.id, store).record == row

    with tr.init("p", store=tmp_path / "other"):
        pass
    monkeypatch.setenv("TRACKRECORD_STORE", str(tmp_path / "other"))
    with pytest.raises(NotFoundError, match=r"tr\.open_run\(row, store=\.\.\.\)"):
        tr.open_run(row)


def test_one_name_in_two_projects_is_told_apart(store: Path) -> None:
    """A name is a label: with the project it is found, without it the error shows both."""
    with tr.init("letters", name="<b>boom", store=store):
        pass
    assert tr.open_run("<b>boom", store, project="letters").project == "letters"
    with pytest.raises(NotFoundError, match="Several runs"):
        tr.open_run("<b>boom", store)


@pytest.mark.parametrize("wrong", [5, None, b"boom", ["boom"]])
def test_what_names_no_run_is_said(store: Path, wrong: Any) -> None:
    """Anything but a text and a row is an error that says what to give."""
    with pytest.raises(UsageError, match=r"Give a run's id"):
        tr.open_run(wrong, store)


@pytest.mark.parametrize(
    "wrong",
    [{"where": None}, {"project": 5}, {"order_by": 5}, {"order_by": [3]}, {"limit": -1}, {"limit": 1.5}],
)
def test_wrong_arguments_of_runs_are_named(store: Path, wrong: dict[str, Any]) -> None:
    """The first line of the error names the argument and its value."""
    ((name, value),) = wrong.items()
    with pytest.raises(UsageError) as caught:
        tr.runs(**wrong, store=store)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{name} is ")
    assert repr(value) in first


def test_a_row_is_a_snapshot_in_one_line_that_shows_the_way_on(store: Path) -> None:
    """A row's `repr` is short; asked for what only an opened run has, it says how to open it; it pickles and copies."""
    row = tr.runs(store=store)[0]
    assert repr(row) == f"<RunRecord '<b>boom', id {row.id[-8:]}, project 'digits', finished>"
    with pytest.raises(AttributeError, match=r"tr\.open_run\(record\)"):
        row.metric("loss")  # type: ignore[attr-defined]
    assert not hasattr(row, "console")
    assert pickle.loads(pickle.dumps(row)) == copy.deepcopy(row) == row


def test_a_stored_run_has_everything_by_name(store: Path) -> None:
    """All that is known of a run is an attribute, without a way through its parts."""
    run = tr.open_run("<b>boom", store)
    assert (run.project, run.experiment, run.group, run.parent) == ("digits", "wide", "seeds", None)
    assert (run.state, run.tags, run.notes, run.hypothesis) == ("finished", ("t",), "a note", "it works")
    assert run.created.tzinfo is timezone.utc
    assert run.ended is not None
    assert run.duration_s == pytest.approx((run.ended - run.created).total_seconds(), abs=1e-5)
    assert (dict(run.params), dict(run.summary), list(run.metrics)) == ({"lr": 0.1}, {"score": 1}, ["loss"])
    assert run.command is not None
    assert (run.exit_code, run.traceback) == (None, None)  # its process goes on
    assert len(run.problems) == run.record.problems > 0


def test_the_environment_comes_back_by_part(tmp_path: Path) -> None:
    """What a process found out of its surroundings is there when it has ended."""
    code = "import sys, trackrecord as tr; tr.init('p', name='r', store=sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], check=True, timeout=60)
    run = tr.open_run("r", tmp_path / "store")
    assert run.environment["python"]["version"].startswith("3.")
    assert (run.command or ())[-1] == str(tmp_path / "store")


def test_a_failed_run_tells_why(tmp_path: Path) -> None:
    """The traceback and the exit code of a failure come back."""
    with pytest.raises(ZeroDivisionError), tr.init("p", name="bad", store=tmp_path / "store"):
        1 / 0  # noqa: B018
    run = tr.open_run("bad", tmp_path / "store")
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.traceback)


def test_a_notebook_shows_a_run_without_markup_of_its_texts(store: Path) -> None:
    """Params, results and metrics in a table, every text escaped."""
    run = tr.open_run("<b>boom", store)
    markup = run._repr_html_()
    assert "<b>" not in markup
    assert "&lt;b&gt;boom" in markup
    assert "<td>lr</td><td>0.1</td>" in markup
    assert repr(run).startswith("<StoredRun '<b>boom', id ")


def test_points_are_arrays_in_one_line(store: Path) -> None:
    """Points are what the store's contract says, with a length and a short `repr`."""
    points = tr.open_run("<b>boom", store).metric("loss").points()
    assert isinstance(points, Points)
    assert isinstance(points.values, np.ndarray)
    assert len(points) == 3
    assert repr(points) == "<MetricPoints 'loss': 3 points, steps 0.0 to 1.0>"
    assert repr(tr.open_run("<b>boom", store).metric("loss")) == "<StoredMetric 'loss': 3 points, last 0.7>"


def test_points_as_data_frames(store: Path) -> None:
    """Each library gets step, time in UTC to the nanosecond, and value with NaN as logged."""
    for library in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(library)
    points = tr.open_run("<b>boom", store).metric("loss").points()

    pandas = points.to_pandas()
    assert list(pandas.columns) == ["step", "time", "value"]
    assert pandas["step"].tolist() == [0.0, 0.5, 1.0]
    assert str(pandas["time"].dt.tz) == "UTC"
    assert [moment.value for moment in pandas["time"]] == points.times.tolist()
    np.testing.assert_array_equal(pandas["value"], [0.5, math.nan, 0.7])

    polars = points.to_polars()
    assert polars["time"].to_physical().to_list() == points.times.tolist()
    assert str(polars["time"].dtype) == "Datetime(time_unit='ns', time_zone='UTC')"
    assert (polars["value"].null_count(), polars["value"].is_nan().to_list()) == (0, [False, True, False])

    arrow = points.to_arrow()
    assert arrow.column_names == ["step", "time", "value"]
    assert arrow["time"].cast("int64").to_pylist() == points.times.tolist()
    assert arrow["value"].null_count == 0


@pytest.mark.parametrize(
    ("library", "extra"), [("pandas", "pandas"), ("polars", "polars"), ("pyarrow", "arrow")]
)
def test_points_name_a_missing_library(
    store: Path, monkeypatch: pytest.MonkeyPatch, library: str, extra: str
) -> None:
    """Without the library the error says what to install, as it does for a table of runs."""
    points = tr.open_run("<b>boom", store).metric("loss").points()
    really_import: Callable[..., Any] = builtins.__import__

    def fails(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return really_import(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(ImportError, match=rf"pip install 'trackrecord\[{extra}\]'"):
        getattr(points, f"to_{extra}")()


def test_dir_lists_what_is_there_for_users() -> None:
    """Completing `tr.` in a notebook offers the public names and nothing else."""
    assert {name for name in dir(tr) if not name.startswith("__")} == {
        name for name in tr.__all__ if not name.startswith("__")
    }


def test_a_run_that_is_being_taken_in_is_waited_for(tmp_path: Path) -> None:
    """A run asked for by name while another process holds the database is found once that lets go."""
    place = tmp_path / "store"
    with tr.init("p", name="earlier", store=place, console=False, system_metrics=False):
        pass
    with tr.open_run("earlier", store=place):
        pass
    with tr.init("p", name="awaited", store=place, console=False, system_metrics=False) as run:
        run.log({"loss": 0.5})
    other = sqlite3.connect(place / "store.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    letting_go = threading.Timer(1.0, lambda: other.execute("ROLLBACK"))
    letting_go.start()
    with pytest.warns(RuntimeWarning, match="missing here"), tr.open_run("awaited", store=place) as stored:
        assert stored.metric("loss").last == 0.5
    letting_go.join()
    other.close()
