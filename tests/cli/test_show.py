"""``trackrecord show`` as a real process."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Call


def test_shows_everything(call: Call) -> None:
    """Facts, hypothesis, notes, params, figures, artifacts, problems of a run are all there."""
    shown = call("show", "only-one").stdout

    for text in (
        "only-one  ✓ finished",
        "Three are enough",
        "a note",
        "depth  3",
        "loss",
        "NaN",
        "code",
        "source",
    ):
        assert text in shown
    assert "is a text, not a number" in shown


def test_metric_figures_follow_the_goal(call: Call) -> None:
    """The best value and its step follow the metric contract."""
    shown = call("show", "fast-1").stdout

    line = next(line for line in shown.splitlines() if "val/loss" in line)
    assert line.split() == ["val/loss", "↓", "20", "1.1", "0.15", "0.15", "1.1", "0.15", "19"]
    assert "trained fast 1" in shown


def test_failed_run_shows_its_traceback(call: Call) -> None:
    """A failed run says so with shape and word, and shows why."""
    shown = call("show", "broken").stdout

    assert "✗ failed (exit code 1)" in shown
    assert "ValueError: no such flower" in shown


def test_console_alone(call: Call) -> None:
    """--console prints what the run printed and nothing else, as JSON with line numbers."""
    assert call("show", "slow-2", "--console").stdout == "trained slow 2\n"
    page = json.loads(call("show", "slow-2", "--console", "--json").stdout)
    assert "".join(line["text"] for line in page["lines"]) == "trained slow 2\n"
    assert page["total"] == len(page["lines"])


def test_json(call: Call) -> None:
    """--json has what the page of a run has."""
    run = json.loads(call("show", "fast-0", "--json").stdout)

    metric = next(each for each in run["metric_list"] if each["key"] == "val/accuracy")
    assert (run["name"], run["state"], run["group"]) == ("fast-0", "finished", "fast")
    assert (metric["points"], metric["best_step"], metric["contract"]["unit"]) == (20, 19, "share")
    assert run["url"] == f"/p/digits/r/{run['id']}"


def test_run_by_piece_of_its_id(call: Call) -> None:
    """The last 8 characters that `ls` shows name the run."""
    run_id = json.loads(call("show", "fast-0", "--json").stdout)["id"]

    assert call("show", run_id[-8:]).stdout.startswith("fast-0")


def test_unknown_run_suggests(call: Call) -> None:
    """A name that no run has is an error with what was probably meant."""
    done = call("show", "fast-9")

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "Error: There is no run 'fast-9'."
    assert "did you mean fast-" in done.stderr


@pytest.mark.parametrize("command", ["show", "compare", "plot"])
def test_run_of_a_project(call: Call, command: str) -> None:
    """--project says in which project a run has its name."""
    assert "fast-0" in call(command, "fast-0", "--project", "digits").stdout
    elsewhere = call(command, "fast-0", "--project", "iris")

    assert elsewhere.returncode == 1
    assert "There is no run 'fast-0' in project 'iris'." in elsewhere.stderr


def test_console_of_a_run_of_a_project(call: Call) -> None:
    """--console finds its run the same way."""
    assert call("show", "fast-0", "--console", "-p", "digits").stdout == "trained fast 0\n"
    assert call("show", "fast-0", "--console", "-p", "iris").returncode == 1
