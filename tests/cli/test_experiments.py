"""Experiments in the terminal: ``ls --experiments`` and the experiment in ``show``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call, clean_environment

_RECORDING = """
import sys
import trackrecord as tr

for seed in range(2):
    with tr.init("digits", name=f"wide-{seed}", experiment="width", store=sys.argv[1]) as run:
        tr.define_experiment("width", hypothesis="Wider is better", prediction="97 % at 256", verdict="confirmed",
                             conclusion="It was\\nworth it")
with tr.init("iris", name="deep", experiment="depth", store=sys.argv[1]) as run:
    run.define_experiment("depth", hypothesis="Depth 3 is enough")
with tr.init("iris", name="alone", store=sys.argv[1]) as run:
    run.log({"loss": 1.0})
"""
_TEXTS = ("Wider is better", "97 % at 256", "confirmed", "It was worth it")

Told = Callable[..., str]


@pytest.fixture
def told(call: Call, tmp_path: Path) -> Told:
    """Return a function that runs a command over a store with two experiments and returns what it prints."""
    script, store = tmp_path / "train.py", str(tmp_path / "store")
    script.write_text(_RECORDING, encoding="utf-8")
    subprocess.run([sys.executable, str(script), store], env=clean_environment(), check=True, timeout=120)

    def run(*arguments: str) -> str:
        done = call(*arguments, "--store", store)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_list(told: Told) -> None:
    """--experiments lists every experiment with its texts and number of runs, those of one project with --project."""
    everywhere = told("ls", "--experiments")
    digits = told("ls", "--experiments", "--project", "digits")

    lines = everywhere.splitlines()
    assert lines[0] == "depth  project iris, 1 run"
    assert lines[1].strip() == "hypothesis  Depth 3 is enough"
    assert "width  confirmed  project digits, 2 runs" in lines
    assert lines[-1] == "2 experiments"
    assert digits.splitlines()[0] == "width  confirmed  2 runs"
    assert all(text in digits for text in _TEXTS)
    assert "depth" not in digits
    assert told("ls", "--experiments", "-n", "1").splitlines()[-1].startswith("1 of 2 experiments")


def test_json(told: Told) -> None:
    """--json has the experiments in the shape of the API, texts as they were stated."""
    page = json.loads(told("ls", "--experiments", "--json"))

    assert [each["name"] for each in page["items"]] == ["depth", "width"]
    assert (page["total"], page["next_cursor"]) == (2, None)
    width = page["items"][1]
    assert (width["project"], width["runs"], width["verdict"]) == ("digits", 2, "confirmed")
    assert width["conclusion"] == "It was\nworth it"
    assert page["items"][0]["conclusion"] is None


def test_show(told: Told) -> None:
    """A run shows its experiment with all its texts; one without an experiment has no such section."""
    shown = told("show", "wide-0")

    assert "Experiment\n  width  confirmed  2 runs\n" in shown
    assert all(text in shown for text in _TEXTS)
    assert "Experiment" not in told("show", "alone")


def test_one_list_at_a_time(call: Call) -> None:
    """--experiments goes with neither --projects nor a filter; a store without any says so."""
    assert call("ls", "--experiments", "--projects").returncode == 2
    assert call("ls", "lr > 0", "--experiments").returncode == 2
    assert call("ls", "--experiments").stdout == "The store has no experiment yet.\n"
