"""Charts over HTTP: curves by filter, smoothed, grouped, on a logarithmic axis, as JSON and as frames."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.server.frame_reader import read_frame
from tests.server.running import RunningServer
from tests.server.seed import ODD_NAME

JSON = {"accept": "application/json"}
DIGITS = {"project": "digits", "order_by": "params.seed"}


def asked(server: RunningServer, status: int = 200, **question: Any) -> Any:
    """Return the JSON answer to a question of curves."""
    answer = server.client.post("/api/v1/series", json=question, headers=JSON)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_curves_are_chosen_by_filter_and_pattern(server: RunningServer) -> None:
    """Runs by filter in order, metrics by name and by pattern, and how many there are of each."""
    found = asked(
        server, runs={**DIGITS, "where": "params.seed < 3"}, metrics=["train/loss"], pattern="^val/acc"
    )
    assert [each["metric"] for each in found["series"]] == ["train/loss"] * 3 + ["val/accuracy"] * 3
    assert [each["y"][0] for each in found["series"][3:]] == [0.0, 0.02, 0.04]
    assert (found["shown"], found["matched"], found["said"], found["groups"]) == (3, 3, None, None)


def test_what_is_not_shown_is_said(server: RunningServer) -> None:
    """Beyond the limit the first runs of the order are shown, and a sentence says so."""
    found = asked(server, runs={**DIGITS, "limit": 4}, metrics=["val/accuracy"])
    assert (len(found["series"]), found["shown"], found["matched"]) == (4, 4, 25)
    assert found["said"] == "Of 25 runs that fit the first 4 are shown, ordered by params.seed."
    frame = server.client.post(
        "/api/v1/series", json={"runs": {**DIGITS, "limit": 4}, "metrics": ["val/accuracy"]}
    )
    read = read_frame(frame.content)
    assert (read["shown"], read["matched"], read["said"]) == (4, 25, found["said"])


def test_a_group_has_mean_spread_and_n(server: RunningServer) -> None:
    """The curves of 25 runs as one group: their mean, extremes and interval at each step, as JSON and as a frame."""
    question: dict[str, Any] = {
        "runs": DIGITS,
        "metrics": ["val/accuracy"],
        "group": {"by": ["group"], "statistics": ["mean", "minmax", "t", "median"], "quantiles": [0.25]},
    }
    found = asked(server, **question)
    (group,) = found["groups"]
    assert found["series"] == []
    assert (group["group"], group["values"], len(group["runs"]), group["empty"]) == (
        "mlp",
        {"group": "mlp"},
        25,
        [],
    )
    assert group["x"] == list(range(20))
    assert group["n"] == [25] * 20
    assert group["columns"]["mean"] == pytest.approx([(epoch + 12) / 50 for epoch in range(20)])
    assert group["columns"]["min"] == pytest.approx([epoch / 50 for epoch in range(20)])
    spread = np.std([seed / 50 for seed in range(25)], ddof=1) / math.sqrt(25) * 2.0638985616
    np.testing.assert_allclose(np.array(group["columns"]["t_high"]) - group["columns"]["mean"], spread)
    frame = read_frame(server.client.post("/api/v1/series", json=question).content)
    (binary,) = frame["groups"]
    assert binary["columns"].pop("x").tolist() == group["x"]
    assert binary["columns"].pop("n").tolist() == group["n"]
    assert {name: column.tolist() for name, column in binary["columns"].items()} == group["columns"]


def test_runs_named_one_by_one_are_grouped_too(server: RunningServer) -> None:
    """Series by id can be grouped by a param; with members the curves of the runs come along."""
    runs = [
        row["id"]
        for row in server.get("/runs", params={"project": "digits", "limit": 4, "sort": "created"})["items"]
    ]
    found = asked(
        server,
        series=[{"run": run, "metric": "val/accuracy"} for run in runs],
        group={"by": ["params.seed"], "members": True},
    )
    assert [each["group"] for each in found["groups"]] == [f"seed={seed}" for seed in range(4)]
    assert [each["run"] for each in found["series"]] == runs
    alone = found["groups"][0]["columns"]
    assert alone["mean"] == found["series"][0]["y"]
    assert set(alone["t_low"]) == {"NaN"}
    everything = asked(server, series=[{"run": run, "metric": "val/accuracy"} for run in runs], group={})
    assert [(each["group"], each["n"][0]) for each in everything["groups"]] == [("all runs", 4)]


def test_a_smoothed_curve_comes_beside_the_curve(server: RunningServer) -> None:
    """Smoothing by length and by strength, with the length it came to, as JSON and as a frame."""
    run = server.get("/runs", params={"q": "name == 'mlp-1'"})["items"][0]["id"]
    question: dict[str, Any] = {
        "series": [{"run": run, "metric": "train/loss"}],
        "smoothing": {"kind": "ema", "length": 3},
    }
    (curve,) = asked(server, **question)["series"]
    wanted = []
    for epoch in range(20):
        weights = [math.exp(-(epoch - before) / 3) for before in range(epoch + 1)]
        wanted.append(sum(w / (at + 1) for at, w in enumerate(weights)) / sum(weights))
    assert curve["smooth"] == pytest.approx(wanted)
    assert (curve["smoothing_length"], curve["smoothing_resolved"]) == (3, True)
    (binary,) = read_frame(server.client.post("/api/v1/series", json=question).content)["series"]
    assert binary["smooth"].tolist() == curve["smooth"]
    by_address = server.get(
        "/series", params={"run": run, "metric": "train/loss", "strength": 0.9, "smoothing": "gaussian"}
    )["series"][0]
    assert by_address["smoothing_length"] == pytest.approx(19 / 1000 / -math.log(math.sqrt(0.9)))


def test_the_smoothed_picture_does_not_change_with_the_zoom(server: RunningServer) -> None:
    """100,000 points, whole and zoomed in: the smoothed values agree where both have one."""
    run = server.get("/runs", params={"q": f"name == {ODD_NAME!r}"})["items"][0]["id"]
    view: dict[str, Any] = {
        "series": [{"run": run, "metric": "long"}],
        "smoothing": {"kind": "ema", "length": 500},
        "pixels": 500,
    }
    whole = asked(server, **view)["series"][0]
    near = asked(server, **view, low=40_000, high=44_000)["series"][0]
    inside = [at for at, x in enumerate(whole["x"]) if 40_000 <= x <= 44_000]
    assert len(inside) > 10
    values = np.interp([whole["x"][at] for at in inside], near["x"], near["smooth"])
    np.testing.assert_allclose([whole["smooth"][at] for at in inside], values, atol=0.01)


def test_a_log_axis_has_equal_buckets_in_the_logarithm(server: RunningServer) -> None:
    """The first decades have a fair share of the buckets, and the point at 0 is counted as left out."""
    run = server.get("/runs", params={"q": f"name == {ODD_NAME!r}"})["items"][0]["id"]
    curve = server.get("/series", params={"run": run, "metric": "long", "log_x": 1, "pixels": 100})["series"][
        0
    ]
    assert (curve["left_out"], sum(curve["count"])) == (1, 99_999)
    counts = [sum(1 for x in curve["x"] if low <= x < low * 10) for low in (100, 1000, 10_000)]
    assert all(15 <= count <= 25 for count in counts)


def test_the_address_asks_for_the_same_as_the_body(server: RunningServer) -> None:
    """GET with q, project, sort, limit, pattern, group_by and statistic equals the POST of the same."""
    body = asked(
        server,
        runs={**DIGITS, "where": "params.seed >= 20"},
        pattern="accuracy",
        smoothing={"kind": "mean", "length": 4, "after_grouping": True},
        group={"by": ["group", "tags.x"], "statistics": ["median"], "quantiles": [0.9], "confidence": 0.9},
    )
    address = server.get(
        "/series",
        params={
            "q": "params.seed >= 20",
            "project": "digits",
            "sort": "params.seed",
            "pattern": "accuracy",
            "smoothing": "mean",
            "length": 4,
            "after_grouping": 1,
            "group_by": ["group", "tags.x"],
            "statistic": "median",
            "quantile": 0.9,
            "confidence": 0.9,
        },
    )
    assert address == body
    assert [(each["smoothing_length"], each["smoothing_resolved"]) for each in body["groups"]] == [(4, True)]
    assert set(body["groups"][0]["columns"]) == {"median", "q0.9"}


BAD = [
    {},
    {"series": [], "runs": {}},
    {"runs": {}},
    {"runs": {"limit": 1001}, "metrics": ["val/accuracy"]},
    {"runs": {"limit": 0}, "metrics": ["val/accuracy"]},
    {"runs": {}, "pattern": "("},
    {"runs": {}, "metrics": ["no such metric"]},
    {"runs": {"where": "nonsense ="}, "metrics": ["val/accuracy"]},
    {"runs": {"project": "nowhere"}, "metrics": ["val/accuracy"]},
    {"series": [], "metrics": ["val/accuracy"]},
    {"series": [], "smoothing": {}},
    {"series": [], "smoothing": {"length": 1, "strength": 0.5}},
    {"series": [], "smoothing": {"length": -1}},
    {"series": [], "smoothing": {"strength": 1}},
    {"series": [], "smoothing": {"kind": "loess", "length": 1}},
    {"series": [], "group": {"by": ["shoe size"]}},
    {"series": [], "group": {"statistics": ["mode"]}},
    {"series": [], "group": {"quantiles": [2]}},
    {"series": [], "group": {"confidence": 0}},
]


@pytest.mark.parametrize("question", BAD, ids=map(repr, BAD))
def test_a_question_that_makes_no_sense_is_explained(server: RunningServer, question: dict[str, Any]) -> None:
    """Each is refused in the one shape of errors, with what was wrong."""
    answer = server.client.post("/api/v1/series", json=question)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]
