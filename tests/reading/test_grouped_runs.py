"""Groups of runs as a table in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import trackrecord as tr


def test_groups_are_a_table(tmp_path: Path) -> None:
    """There is one row a group, by values, times and missing ones, with counts and the spread of each result."""
    place = tmp_path / "store"
    for lr, values in ((0.1, (0.9, 0.5)), (0.1, (0.8, 0.7)), (None, (0.2, 0.3))):
        params = {} if lr is None else {"lr": lr}
        with tr.init("p", params=params, store=place, console=False, system_metrics=False) as run:
            for step, value in enumerate(values):
                run.log({"acc": value}, step=step)

    found = tr.group_runs("params.lr", ["acc", "acc.max"], order_by="-runs", store=place)

    first, second = list(found)
    assert (first["params.lr"], first["runs"], first["acc.n"], first["acc.left_out"]) == (0.1, 2, 2, 0)
    assert first["acc.mean"] == pytest.approx(0.6)
    assert first["acc.max.mean"] == pytest.approx(0.85)
    assert (second["params.lr"], second["runs"], second["acc.std"]) == (None, 1, None)
    assert list(found.to_pandas().columns)[:3] == ["params.lr", "runs", "acc.n"]
    assert len(tr.group_runs("created", store=place)) == 3
    assert len(tr.group_runs("state", where="params.lr == 7", store=place)) == 0
