"""Groups of runs, against what the statistics module of Python says of the same runs."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any

import pytest

from tests.query.make_store import StoreMaker
from trackrecord.query.groups import GroupPage, group_runs
from trackrecord.words.errors import NotFoundError, QueryError, UsageError


def _rows(page: GroupPage) -> list[tuple[dict[str, Any], int]]:
    return [(dict(group.values), group.runs) for group in page.groups]


def test_figures_are_those_of_the_runs_of_a_group(maker: StoreMaker) -> None:
    """Mean, extremes, median and sample deviation are over the finite values, and n counts them."""
    chance = random.Random(3)
    values: dict[tuple[str, int], list[float]] = {}
    for _ in range(60):
        optimizer, depth = chance.choice(["adam", "sgd"]), chance.choice([1, 2])
        loss = chance.choice([math.nan, math.inf, chance.random(), chance.random(), 1e308])
        values.setdefault((optimizer, depth), []).append(loss)
        maker.run(params={"optimizer": optimizer, "depth": depth}, metrics={"loss": [loss]})

    page = group_runs(maker.store, ["params.optimizer", "depth"], results=["loss"])

    assert page.total == len(page.groups) == len(values)
    assert page.runs == 60
    for group in page.groups:
        given = values[group.values["params.optimizer"], group.values["depth"]]
        finite = [value for value in given if math.isfinite(value)]
        found = group.results["loss"]
        assert (group.runs, found.n, found.left_out) == (len(given), len(finite), len(given) - len(finite))
        assert found.mean == pytest.approx(sum(value / len(finite) for value in finite))
        assert (found.min, found.max) == (min(finite), max(finite))
        assert found.median == pytest.approx(statistics.median(value / 2 for value in finite) * 2)
        if max(finite) < 1e300:
            assert found.std == pytest.approx(statistics.stdev(finite))


def test_equal_numbers_are_one_group_and_missing_is_one_too(maker: StoreMaker) -> None:
    """1 and 1.0 are one value; texts, lists, none and NaN have groups of their own; runs without one are a group."""
    for value in (1, 1.0, "1", [1, 2], [1, 2], [3], None, math.nan):
        maker.run(params={"x": value})
    maker.run()

    found = _rows(group_runs(maker.store, ["params.x"]))

    assert [runs for _, runs in found] == [2, 1, 1, 2, 1, 1, 1]
    values = [group.get("params.x", "missing") for group, _ in found]
    assert (values[0], values[1], values[-1]) == (1, "1", "missing")
    assert math.isnan(values[-2])
    assert [1, 2] in values
    assert None in values


def test_runs_are_in_the_group_of_each_of_their_tags(maker: StoreMaker) -> None:
    """By tags a run counts as often as it has tags, in every combination with the other names."""
    maker.run(tags=["a", "b"], params={"x": 1})
    maker.run(tags=["b"], params={"x": 2})
    maker.run(params={"x": 1})

    assert _rows(group_runs(maker.store, ["tags"])) == [({"tags": "a"}, 1), ({"tags": "b"}, 2), ({}, 1)]
    assert _rows(group_runs(maker.store, ["params.x", "tags"])) == [
        ({"params.x": 1, "tags": "a"}, 1),
        ({"params.x": 1, "tags": "b"}, 1),
        ({"params.x": 1}, 1),
        ({"params.x": 2, "tags": "b"}, 1),
    ]


def test_groups_are_ordered_and_cut(maker: StoreMaker) -> None:
    """By values, by size, or by a figure of a result, both ways; groups without the figure come last."""
    for name, losses in (("a", [3.0]), ("b", [1.0, 2.0]), ("c", [None, None, None])):
        for loss in losses:
            maker.run(params={"name": name}, metrics={} if loss is None else {"loss": [loss]})

    def order(order_by: str, **options: Any) -> list[str]:
        page = group_runs(maker.store, ["params.name"], results=["loss"], order_by=order_by, **options)
        assert page.total == 3
        return [group.values["params.name"] for group in page.groups]

    assert order("") == ["a", "b", "c"]
    assert order("-runs") == ["c", "b", "a"]
    assert order("loss") == ["b", "a", "c"]
    assert order("-loss") == ["a", "b", "c"]
    assert order("-loss.n", limit=1) == ["b"]


def test_only_chosen_runs_are_grouped(maker: StoreMaker) -> None:
    """A filter, a project and the trash choose runs as in lists; figures without any run in a store are no error."""
    assert group_runs(maker.store, ["params.x"], results=["loss"]).groups == ()
    maker.run(project="one", params={"x": 1}, metrics={"loss": [1.0]})
    maker.run(project="two", params={"x": 2}, metrics={"loss": [2.0]})
    maker.run(project="two", params={"x": 3}, deleted=5)
    assert _rows(group_runs(maker.store, ["project"], where="loss > 1")) == [({"project": "two"}, 1)]
    assert _rows(group_runs(maker.store, ["params.x"], project="two")) == [({"params.x": 2}, 1)]
    assert _rows(group_runs(maker.store, ["params.x"], trash=True)) == [({"params.x": 3}, 1)]
    with pytest.raises(NotFoundError):
        group_runs(maker.store, ["params.x"], project="three")


def test_what_can_not_be_grouped_is_refused(maker: StoreMaker) -> None:
    """Unknown names, results that are no numbers, and orders by what was not asked for are errors that say so."""
    maker.run(params={"x": 1}, metrics={"loss": [1.0]})
    with pytest.raises(QueryError, match="No run has"):
        group_runs(maker.store, ["params.y"])
    with pytest.raises(QueryError, match="no number"):
        group_runs(maker.store, ["params.x"], results=["name"])
    with pytest.raises(QueryError, match="moment"):
        group_runs(maker.store, ["params.x"], results=["created"])
    with pytest.raises(QueryError, match="can't be ordered"):
        group_runs(maker.store, ["params.x"], order_by="-loss")
    with pytest.raises(UsageError):
        group_runs(maker.store, [])
