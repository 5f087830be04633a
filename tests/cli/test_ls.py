"""``trackrecord ls`` as a real process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call, clean_environment, columns_of
from trackrecord.query.names import FIELDS


def test_lists_what_tells_runs_apart(call: Call) -> None:
    """The table has the params that vary and the main results, the primary metric first, and an exact count."""
    done = call("ls", "--project", "digits")

    header = columns_of(done.stdout)
    assert done.returncode == 0
    assert header[:6] == ["id", "name", "state", "created", "duration", "group"]
    assert header[6:] == ["val/accuracy.best ↑", "note", "val/loss.best ↓", "plain", "lr", "seed"]
    assert done.stdout.splitlines()[-1] == "6 runs"
    assert re.search(r"fast-2 +✓ finished .* fast +0\.9950 +good +0\.1500 +19 ", done.stdout)


def test_shows_what_it_sorts_by(call: Call, tmp_path: Path) -> None:
    """A metric that is sorted by its last value shows it, under its bare name; one sorted by its best shows that."""
    script = (
        "import trackrecord as tr\n"
        "for name, values in (('peak', (0.9, 0.1)), ('steady', (0.5, 0.6))):\n"
        "    with tr.init('p', name=name) as run:\n"
        "        tr.define_metric('acc', goal='max')\n"
        "        [run.log({'acc': value}, step=step) for step, value in enumerate(values)]\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=clean_environment(), check=True, timeout=60
    )

    def shown(*arguments: str) -> list[tuple[str, ...]]:
        lines = call("ls", *arguments, cwd=tmp_path).stdout.splitlines()
        wanted = r"acc\S*(?: ↑)?|\b(?:peak|steady)\b|0\.[1-9]000"
        return [tuple(re.findall(wanted, line)) for line in lines[:3]]

    assert shown("--sort", "-acc") == [("acc ↑",), ("steady", "0.6000"), ("peak", "0.1000")]
    assert shown("--sort", "-acc.best") == [("acc.best ↑",), ("peak", "0.9000"), ("steady", "0.6000")]
    assert shown("--sort", "name") == [("acc.best ↑",), ("peak", "0.9000"), ("steady", "0.6000")]
    assert shown("--sort", "name", "--columns", "name,acc") == [
        ("acc ↑",),
        ("peak", "0.1000"),
        ("steady", "0.6000"),
    ]


def test_footer_counts_all_that_fit(call: Call) -> None:
    """A shortened list says how many there are."""
    assert call("ls", "--limit", "2").stdout.splitlines()[-1].startswith("2 of 8 runs")


def test_filter_sort_and_columns(call: Call) -> None:
    """FILTER, --sort and --columns do what they say, for fields, params, metrics and bare names."""
    done = call(
        "ls", "lr > 0.05", "--sort", "-val/accuracy", "--columns", "name,params.lr,metrics.plain,val/loss"
    )

    assert columns_of(done.stdout) == ["name", "params.lr", "metrics.plain", "val/loss ↓"]
    assert [line.split()[0] for line in done.stdout.splitlines()[1:4]] == ["fast-2", "fast-1", "fast-0"]
    assert columns_of(done.stdout, line=1) == ["fast-2", "0.1", "19", "0.1500"]


def test_what_can_be_filtered_on_can_be_a_column(call: Call) -> None:
    """Every field of a run that a filter knows is a column, a run's hypothesis and exit code, too."""
    shown = call("ls", "--columns", ",".join(FIELDS)).stdout
    some = call("ls", 'project == "iris"', "--sort", "name", "--columns", "name,hypothesis,exit_code").stdout

    assert columns_of(shown) == list(FIELDS)
    assert [columns_of(some, line=line) for line in (1, 2)] == [
        ["broken", "1"],
        ["only-one", "Three are enough"],
    ]


def test_json_has_the_shape_of_the_api(call: Call) -> None:
    """--json gives a page of runs with exact values; NaN is a text."""
    page: dict[str, Any] = json.loads(call("ls", 'name == "only-one" or name == "slow-0"', "--json").stdout)

    by_name = {row["name"]: row for row in page["items"]}
    assert page["total"] == 2
    assert page["next_cursor"] is None
    assert by_name["slow-0"]["params"] == {"lr": 0.01, "seed": 0, "model": "mlp"}
    assert by_name["slow-0"]["metrics"]["val/loss"] == {
        "last": 1 / 20 + 0.01, "min": 1 / 20 + 0.01, "max": 1.01, "best": 1 / 20 + 0.01, "first": 1.01,
        "mean": pytest.approx(sum(1 / (step + 1) + 0.01 for step in range(20)) / 20),
    }  # fmt: skip
    assert by_name["only-one"]["metrics"]["loss"]["last"] == "NaN"
    assert set(by_name["slow-0"]) >= {
        "id",
        "state",
        "created",
        "duration_s",
        "tags",
        "group",
        "summary",
        "problems",
    }


def test_projects(call: Call) -> None:
    """--projects counts runs and failures and names the best run of the primary metric."""
    done = call("ls", "--projects")
    page = json.loads(call("ls", "--projects", "--json").stdout)

    assert re.search(r"digits +6 +0 +0 .* val/accuracy ↑ 0\.995 share \(fast-2\)", done.stdout)
    assert {item["name"]: (item["runs"], item["failed"]) for item in page["items"]} == {
        "digits": (6, 0),
        "iris": (2, 1),
    }
    assert next(item for item in page["items"] if item["name"] == "digits")["primary"]["goal"] == "max"


def test_nothing_fits(call: Call) -> None:
    """An empty answer is no error."""
    done = call("ls", "val/accuracy > 2")

    assert (done.returncode, done.stdout) == (0, "No run fits.\n")
    assert call("ls", "--trash").stdout == "The trash is empty.\n"
    assert call("ls", "--trash", "--project", "iris").stdout == "No run in the trash fits.\n"


def test_wrong_filter_shows_where(call: Call) -> None:
    """A filter that can't be understood ends with exit code 1, the place, and no traceback."""
    done = call("ls", "val/acuracy > 0.9")

    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert done.stdout == ""
    assert lines[0].startswith("Error: ")
    assert (lines[1], lines[2]) == ("  val/acuracy > 0.9", "  ^")
    assert "did you mean val/accuracy?" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_column_suggests(call: Call) -> None:
    """A column that none of the runs has is an error with a suggestion."""
    done = call("ls", "--columns", "val/acuracy")

    assert done.returncode == 1
    assert "did you mean val/accuracy?" in done.stderr
