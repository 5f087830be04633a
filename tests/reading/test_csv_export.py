"""Runs and points as CSV read back as the same values."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import trackrecord as tr
from trackrecord.exchange.csv_export import write_points, write_runs
from trackrecord.query.runs import select_runs
from trackrecord.store.opening import open_store
from trackrecord.words.records import RUN_FIELDS


def test_runs_as_csv(tmp_path: Path) -> None:
    """One line a run; odd texts survive, missing cells are empty, nothing is changed."""
    place = tmp_path / "store"
    params = {"formula": '=HYPERLINK("x")', "lines": "a\nb,c", "none": None, "flag": True, "list": [1, "ü"]}
    with tr.init("p", name="one", params=params, tags=["a", "b"], store=place) as run:
        run.log({"loss": math.nan, "acc": 0.1}, step=0)
        run.summary["score"] = -math.inf
    with tr.init("p", name="two", store=place):
        pass
    out = io.StringIO(newline="")
    with open_store(place) as store:
        assert write_runs(select_runs(store, order_by="created").rows, out) == 2

    one, two = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert list(one)[: len(RUN_FIELDS)] == list(RUN_FIELDS)
    assert one["params.formula"] == '=HYPERLINK("x")'
    assert one["params.lines"] == "a\nb,c"
    assert (one["params.none"], two["params.none"]) == ("none", "")
    assert (one["params.flag"], one["params.list"], one["tags"]) == ("true", '[1, "ü"]', '["a", "b"]')
    assert (one["metrics.loss"], one["metrics.acc"], one["summary.score"]) == ("nan", "0.1", "-inf")
    assert (one["state"], one["created"][-1], two["tags"]) == ("finished", "Z", "")


def test_a_sheet_names_the_same_best_run(tmp_path: Path) -> None:
    """Beside the last value stands the best, for metrics whose contract has a goal: in the order of ``ls`` too."""
    place = tmp_path / "store"
    tr.define_metric("acc", project="p", store=place, goal="max")
    for name, values in (("peaked", [0.9, 0.2]), ("steady", [0.5, 0.6])):
        with tr.init("p", name=name, store=place) as run:
            for value in values:
                run.log({"acc": value, "time": 1.0})
    with tr.init("p", name="empty", store=place):
        pass
    out = io.StringIO(newline="")
    with open_store(place) as store:
        write_runs(select_runs(store, order_by="-acc.best").rows, out)

    lines = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert [name for name in lines[0] if name.startswith("metrics.")] == [
        "metrics.acc",
        "metrics.acc.best",
        "metrics.time",
    ]
    assert [(line["name"], line["metrics.acc"], line["metrics.acc.best"]) for line in lines] == [
        ("peaked", "0.2", "0.9"),
        ("steady", "0.6", "0.6"),
        ("empty", "", ""),
    ]


def test_points_as_csv(tmp_path: Path) -> None:
    """One line a point, with every digit of the value."""
    place = tmp_path / "store"
    values = [0.1, 1 / 3, math.nan, -math.inf, 1e300]
    with tr.init("p", store=place) as run:
        for step, value in enumerate(values):
            run.log({"m": value, "other": 1.0}, step=step + 0.5)
    out = io.StringIO(newline="")
    with open_store(place) as store:
        assert write_points(store, select_runs(store).rows, out, metrics=["m", "missing"]) == 5

    lines = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert [float(line["step"]) for line in lines] == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert [repr(float(line["value"])) for line in lines] == [repr(value) for value in values]
    assert {line["metric"] for line in lines} == {"m"}
    assert all(line["time"].endswith("Z") for line in lines)
