"""Comparison and statistics over values."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.analysis.comparison import best_of, compare
from trackrecord.analysis.groups import group_statistics, statistics_of
from trackrecord.analysis.student import t_quantile
from trackrecord.words.contract import MetricContract
from trackrecord.words.records import MetricFigures, RunRecord
from trackrecord.words.states import RunState

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def _metric(key: str, last: float, best: float | None = None, goal: str | None = None) -> MetricFigures:
    contract = MetricContract(key, goal=goal, unit="%") if goal else None
    return MetricFigures(key, 2, 0, last, last, last, last, last, best, 1, 0, 1, contract)


def _run(name: str, group: str | None = None, **values: Any) -> RunRecord:
    fields: dict[str, Any] = dict.fromkeys(
        ("experiment", "parent", "ended", "notes", "user", "host", "last_step")
    )
    return RunRecord(
        id=name, name=name, project="p", group=group, state=RunState.FINISHED, created=NOON, started=NOON,
        duration_s=1.0, tags=(), points=0, problems=0, hypothesis=None, exit_code=None, **fields, **values,
    )  # fmt: skip


def test_lines_say_what_differs() -> None:
    """Equal values do not differ, also as 1 and 1.0; a missing value differs from any, NaN not from NaN."""
    a = _run("a", params={"same": 1, "lr": 0.1, "only": None, "nan": math.nan, "type": 1})
    b = _run("b", params={"same": 1.0, "lr": 0.2, "nan": math.nan, "type": "1"})
    lines = {line.key: line for line in compare([a, b]).params}
    assert list(lines) == sorted(lines)
    assert {key: line.differs for key, line in lines.items()} == {
        "same": False, "lr": True, "only": True, "nan": False, "type": True,
    }  # fmt: skip
    assert lines["lr"].values == (0.1, 0.2)


def test_whole_numbers_of_any_size_are_compared_exactly() -> None:
    """Whole numbers beyond a float's reach are compared like any other, and close ones are told apart."""
    huge, close = 10**400, 2**60
    a = _run("a", group="g", params={"seed": close, "big": huge}, summary={"score": huge})
    b = _run("b", group="g", params={"seed": close + 1, "big": huge}, summary={"score": 1.0})
    lines = {line.key: line for line in compare([a, b]).params}
    assert (lines["seed"].differs, lines["big"].differs) == (True, False)
    assert best_of([1.0, huge, math.nan, -huge], "max") == (1,)
    (group,) = group_statistics([a, b], "score")
    assert (group.statistics.n, group.statistics.mean) == (1, 1.0)


def test_results_know_the_goal() -> None:
    """Results are the best where a goal is stated, else the last; a summary value hides its metric."""
    a = _run(
        "a", metrics={"loss": _metric("loss", 0.5, 0.2, "min"), "x": _metric("x", 3.0)}, summary={"score": 1}
    )
    b = _run("b", metrics={"loss": _metric("loss", 0.1, 0.1, "min"), "score": _metric("score", 2.0)})
    c = _run("c")
    lines = {line.key: line for line in compare([a, b, c]).results}
    assert (lines["loss"].values, lines["loss"].best, lines["loss"].unit) == ((0.2, 0.1, None), (1,), "%")
    assert (lines["x"].values, lines["x"].best) == ((3.0, None, None), ())
    assert lines["score"].values == (1, 2.0, None)


def test_environments_are_flattened() -> None:
    """Each fact of the surroundings is a line of its own; lists stay values."""
    lines = compare(
        [_run("a"), _run("b")],
        [
            {"git": {"commit": "x", "dirty": True}, "packages": {"numpy": "2"}},
            {"git": {"commit": "y", "dirty": True}},
        ],
    ).environment
    assert [(line.key, line.differs) for line in lines] == [
        ("git.commit", True),
        ("git.dirty", False),
        ("packages.numpy", True),
    ]


def test_best_leaves_out_what_has_no_order() -> None:
    """Texts, truth values, NaN and missing ones are never best; ties all are."""
    assert best_of([1.0, math.nan, "9", True, None, 1], "max") == (0, 5)
    assert best_of([1.0, -math.inf], "min") == (1,)
    assert best_of([1.0], None) == ()
    assert best_of([math.nan, None], "max") == ()


def test_groups_of_seeds() -> None:
    """Runs of a group give n, mean, standard deviation and Student's interval, best by contract."""
    runs = [
        _run(str(number), group="mlp", metrics={"acc": _metric("acc", 0.0, best, "max")})
        for number, best in enumerate([0.90, 0.92, 0.94])
    ]
    groups = group_statistics(
        [*runs, _run("single", group="tree", summary={"acc": 0.5}), _run("none")], "acc"
    )
    assert [(each.group, each.statistics.n) for each in groups] == [("mlp", 3), ("tree", 1), (None, 0)]
    mlp = groups[0].statistics
    assert mlp.mean == pytest.approx(0.92)
    assert mlp.std == pytest.approx(0.02)
    # 4.30265 is the 97.5 % quantile for 2 degrees of freedom, in every table.
    assert mlp.high == pytest.approx(0.92 + 4.30265 * 0.02 / math.sqrt(3), abs=1e-6)
    assert groups[1].statistics.low is None
    assert groups[1].statistics.std is None
    assert groups[2].statistics.left_out == 1


def test_a_sample_leaves_out_what_is_not_finite() -> None:
    """NaN, infinities and missing values are counted apart."""
    figures = statistics_of([1.0, math.nan, math.inf, None, 3.0])
    assert (figures.n, figures.left_out, figures.mean, figures.min, figures.max) == (2, 3, 2.0, 1.0, 3.0)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_statistics_of_any_sample(values: list[float]) -> None:
    """No sample raises; the mean lies between the extremes and inside of its interval."""
    figures = statistics_of(values)
    assert figures.n + figures.left_out == len(values)
    if figures.mean is not None:
        assert figures.min is not None
        assert figures.max is not None
        slack = 1e-9 * max(abs(figures.min), abs(figures.max))
        assert figures.min - slack <= figures.mean <= figures.max + slack
    if figures.low is not None:
        assert figures.high is not None
        assert figures.n > 1
        assert figures.low <= figures.mean <= figures.high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("probability", "degrees", "quantile"),
    [
        (0.975, 1, 12.706204736432095),
        (0.975, 2, 4.302652729696142),
        (0.975, 4, 2.7764451051977987),
        (0.975, 9, 2.2621571627409915),
        (0.975, 30, 2.0422724563012373),
        (0.975, 1000, 1.9623390808264078),
        (0.995, 5, 4.032142983557536),
        (0.025, 4, -2.7764451051977987),
        (0.5, 3, 0.0),
    ],
)
def test_quantiles_agree_with_tables(probability: float, degrees: int, quantile: float) -> None:
    """Student's t is right to ten digits."""
    assert t_quantile(probability, degrees) == pytest.approx(quantile, rel=1e-10, abs=1e-10)


def test_quantiles_agree_with_scipy() -> None:
    """Student's t is right over the whole range that a sample can have."""
    distributions = pytest.importorskip("scipy.stats")
    for degrees in (1, 2, 3, 7, 19, 99, 9999):
        for probability in (0.6, 0.9, 0.975, 0.9999):
            wanted = float(distributions.t.ppf(probability, degrees))
            assert t_quantile(probability, degrees) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("probability", "degrees"), [(0, 1), (1, 1), (0.5, 0), (math.nan, 1), (0.5, math.nan)]
)
def test_impossible_quantiles_are_refused(probability: float, degrees: float) -> None:
    """What has no answer is a ValueError."""
    with pytest.raises(ValueError, match="quantile"):
        t_quantile(probability, degrees)
