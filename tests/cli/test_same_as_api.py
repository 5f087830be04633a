"""``--json`` of the command line beside the answers of a server that shows the same store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import clean_environment
from tests.server.running import RunningServer, running

_RECORDING = """
import sys
import trackrecord as tr

for name, shift in (("odd", 0.0), ("even", 1.0)):
    with tr.init("numbers", name=name, params={"lr": float("inf"), "shift": shift}, store=sys.argv[1]) as run:
        print("begun", name)
        tr.define_metric("few", goal="max", unit="share")
        for value in (1.0, float("nan"), float("inf"), float("-inf"), 2.0 + shift):
            run.log({"few": value})
        for step in range(20_000):
            value = float("nan") if step % 97 == 0 else float("-inf") if step % 89 == 0 else step % 13 + shift
            run.log({"many": value}, step=step)
        run.summary["worst"] = float("-inf")
        run.summary["none"] = float("nan")
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RunningServer]]:
    """Return a store with infinities and NaN, all of it taken in, and a server that shows it."""
    folder = tmp_path_factory.mktemp("same")
    script = folder / "train.py"
    script.write_text(_RECORDING, encoding="utf-8")
    store = folder / "store"
    environment = clean_environment()
    command = [sys.executable, str(script), str(store)]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=120)
    assert _printed(store, "ls")["total"] == 2
    with running(store) as server:
        yield store, server


def _printed(store: Path, *arguments: str) -> Any:
    command = [sys.executable, "-m", "trackrecord", "--store", str(store), *arguments, "--json"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.parametrize(("metric", "exact"), [("few", True), ("many", False)])
def test_plot(served: tuple[Path, RunningServer], metric: str, exact: bool) -> None:
    """Curves are those of the API: every point, or bucket, with its extremes, finite or not."""
    store, server = served
    printed = _printed(store, "plot", "odd", "even", "-m", metric, "--width", "100")
    question = {"run": ["odd", "even"], "metric": metric, "pixels": 200}
    answered = server.get("/series", params=question, headers={"accept": "application/json"})

    assert printed["series"] == answered["series"]
    for curve in printed["series"]:
        assert curve["exact"] is exact
        finite = [
            (low, y, high)
            for low, y, high in zip(curve["low"], curve["y"], curve["high"], strict=True)
            if not any(isinstance(value, str) for value in (low, y, high))
        ]
        assert all(low <= y <= high for low, y, high in finite)
        if exact:
            assert curve["low"] == curve["high"] == curve["y"]
            assert {"NaN", "Infinity", "-Infinity"} <= set(map(str, curve["y"]))
        else:
            # a bucket of several values: low and high in each other's place would show
            assert any(low < high for low, _, high in finite)


def test_compare(served: tuple[Path, RunningServer]) -> None:
    """Runs side by side are those of the API, with infinities and NaN."""
    store, server = served
    printed = _printed(store, "compare", "odd", "even")

    assert printed == server.get("/compare", params={"runs": "odd,even"})
    values = {line["key"]: line["values"] for line in [*printed["params"], *printed["results"]]}
    assert values["lr"] == ["Infinity", "Infinity"]
    assert values["worst"] == ["-Infinity", "-Infinity"]
    assert values["none"] == ["NaN", "NaN"]


def test_show(served: tuple[Path, RunningServer]) -> None:
    """One run, whole, and what it printed are those of the API."""
    store, server = served
    printed = _printed(store, "show", "odd", "--console")

    assert _printed(store, "show", "odd") == server.get("/runs/odd")
    assert printed == server.get("/runs/odd/console")
    assert [line["text"].strip() for line in printed["lines"]] == ["begun odd"]
