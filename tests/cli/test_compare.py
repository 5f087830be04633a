"""``trackrecord compare`` as a real process."""

from __future__ import annotations

import json
import re
import statistics

import pytest

from tests.cli.conftest import Call, columns_of


def test_side_by_side(call: Call) -> None:
    """What differs and the results stand side by side, the best is marked, what is equal is left out."""
    shown = call("compare", "slow-0", "fast-1").stdout

    assert columns_of(shown) == ["slow-0", "fast-1"]
    assert re.search(r"^  lr +0\.01 +0\.1$", shown, re.MULTILINE)
    assert re.search(r"^  val/accuracy.best ↑ \[share\] +0\.5475 +0\.9850 ★$", shown, re.MULTILINE)
    assert re.search(r"^  val/loss.best ↓ +0\.0600 ★ +0\.1500$", shown, re.MULTILINE)
    assert "model" not in shown
    assert re.search(
        r"^  model +mlp +mlp$", call("compare", "slow-0", "fast-1", "--all").stdout, re.MULTILINE
    )


def test_json(call: Call) -> None:
    """--json has a line per key with values in the order of the runs."""
    found = json.loads(call("compare", "fast-1", "slow-0", "--json").stdout)

    results = {line["key"]: line for line in found["results"]}
    params = {line["key"]: line for line in found["params"]}
    assert [run["name"] for run in found["runs"]] == ["fast-1", "slow-0"]
    assert params["lr"] == {
        "key": "lr", "values": [0.1, 0.01], "differs": True, "goal": None, "best": [], "unit": None,
    }  # fmt: skip
    assert results["val/loss"]["best"] == [1]
    assert params["model"]["differs"] is False


@pytest.mark.parametrize("by", ["group", "params.lr"])
def test_groups(call: Call, by: str) -> None:
    """Groups have n, mean and standard deviation of every result, the best mean marked and first."""
    found = json.loads(call("compare", "--project", "digits", "--group-by", by, "--json").stdout)
    shown = call("compare", "--project", "digits", "--group-by", by).stdout

    best = [0.5 + 0.1 * 19 / 4 + seed / 100 for seed in range(3)]
    first = found["groups"][0]
    accuracy = first["results"]["val/accuracy"]
    assert found["by"] == by
    assert first["group"] == {"group": "fast", "params.lr": "0.1"}[by]
    assert accuracy["n"] == 3
    assert accuracy["best"] is True
    assert accuracy["mean"] == pytest.approx(statistics.mean(best))
    assert accuracy["std"] == pytest.approx(statistics.stdev(best))
    assert "0.9850 ± 0.0100 ★" in shown.splitlines()[1]
    assert shown.splitlines()[-1] == "2 groups of 6 runs, mean ± standard deviation"


def test_needs_runs(call: Call) -> None:
    """Naming no runs, or naming and filtering at once, is a wrong command line."""
    assert call("compare").returncode == 2
    assert call("compare", "fast-0", "--where", "lr > 0").returncode == 2
    assert call("compare", "fast-0", "--group-by", "colour").returncode == 2


def test_nothing_fits(call: Call) -> None:
    """A filter that no run fits is an error here: there is nothing to compare."""
    done = call("compare", "--where", "lr > 5")

    assert (done.returncode, "No run fits." in done.stderr) == (1, True)
