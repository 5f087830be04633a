"""``trackrecord names`` and the groups of ``trackrecord ls``, in a real process."""

from __future__ import annotations

import json

from tests.cli.conftest import Call, columns_of


def test_names_are_listed_with_how_many_runs_have_them(call: Call) -> None:
    """Metrics, params and summary values by name, those that a pattern fits, or one level of the tree."""
    done = call("names", "^val/", "--project", "digits")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:3]] == [
        ["val/accuracy", "6"],
        ["val/loss", "6"],
    ]
    tree = json.loads(call("names", "--tree", "--project", "digits", "--json").stdout)
    assert {"path": "val", "label": "val", "runs": None, "below": 2} in tree["items"]
    params = json.loads(call("names", "--of", "params", "--project", "digits", "--json").stdout)
    assert [each["path"] for each in params["items"]] == ["lr", "model", "seed"]
    assert "There is no such name." in call("names", "nothing-like-it").stdout
    wrong = call("names", "(a+)+")
    assert wrong.returncode == 1
    assert "repeat inside a repeat" in wrong.stderr


def test_groups_of_runs_have_the_spread_of_results(call: Call) -> None:
    """--group-by prints one line a group with n and the figures of each result; --json gives the shape of the API."""
    asked = ("ls", "--project", "digits", "--group-by", "params.lr", "--metrics", "val/accuracy.max")
    done = call(*asked, "--sort", "-val/accuracy.max")
    assert done.returncode == 0, done.stderr
    assert columns_of(done.stdout)[:3] == ["params.lr", "runs", "val/accuracy.max"]
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:3]] == [["0.1", "3"], ["0.01", "3"]]
    assert "2 groups of 6 runs" in done.stdout
    page = json.loads(call(*asked, "--json").stdout)
    assert [group["values"] for group in page["items"]] == [{"params.lr": 0.01}, {"params.lr": 0.1}]
    assert page["items"][0]["results"]["val/accuracy.max"]["n"] == 3


def test_options_that_do_not_go_together_are_refused(call: Call) -> None:
    """--metrics without groups and columns of groups are errors of the command line."""
    assert call("ls", "--metrics", "val/loss").returncode == 2
    assert call("ls", "--group-by", "state", "--columns", "name").returncode == 2


def test_a_figure_of_a_metric_is_a_column(call: Call) -> None:
    """Columns may name the figures of a metric in the forms of the filter language."""
    done = call(
        "ls", 'name == "fast-2"', "--columns", 'name,metrics["val/loss"].max,val/loss.mean,plain.first'
    )
    assert done.returncode == 0, done.stderr
    cells = columns_of(done.stdout, line=1)
    assert (cells[0], float(cells[1]), float(cells[3])) == ("fast-2", 1.1, 0)


def test_the_trash_is_empty_and_nothing_is_archived(call: Call) -> None:
    """--trash lists only deleted runs, --archived adds archived ones."""
    assert json.loads(call("ls", "--trash", "--json").stdout)["total"] == 0
    assert json.loads(call("ls", "--archived", "--json").stdout)["total"] == 8
