"""``trackrecord export`` as a real process."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Call


def test_runs_on_standard_output(call: Call) -> None:
    """One line per run with params, summary, last and best values."""
    rows = list(csv.DictReader(io.StringIO(call("export", "csv", "--project", "digits").stdout)))

    assert len(rows) == 6
    assert {row["name"]: row["params.lr"] for row in rows}["fast-0"] == "0.1"
    assert all(row["metrics.plain"] in ("19", "19.0") for row in rows)


def test_points_to_a_file(call: Call, tmp_path: Path) -> None:
    """One line per point, into a file that is there whole or not at all."""
    target = tmp_path / "points.csv"
    done = call("export", "csv", "points", "--where", 'name == "slow-0"', "-m", "plain", "-o", str(target))

    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [float(row["value"]) for row in rows] == list(range(20))
    assert [float(row["step"]) for row in rows] == list(range(20))
    assert "20 points written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_wrong_filter_leaves_no_file(call: Call, tmp_path: Path) -> None:
    """An error leaves an older file as it was."""
    target = tmp_path / "runs.csv"
    target.write_text("old", encoding="utf-8")
    done = call("export", "csv", "--where", "nonsense >", "-o", str(target))

    assert done.returncode == 1
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]


def test_an_artifact_to_a_folder(call: Call, recorded: Path, tmp_path: Path) -> None:
    """The files of an artifact come back as they were logged; a name that is none leaves no folder."""
    target = tmp_path / "out"
    done = call("export", "artifact", "only-one", "code", "--project", "iris", "-o", str(target))
    assert "1 file of version 1 written" in done.stderr
    assert (target / "train.py").read_bytes() == (recorded / "train.py").read_bytes()

    wrong = call("export", "artifact", "only-one", "cod", "-o", str(tmp_path / "none"))
    assert (wrong.returncode, wrong.stderr.lower().count("did you mean code")) == (1, 1)
    assert not (tmp_path / "none").exists()


def test_runs_have_the_best_of_a_goal(call: Call) -> None:
    """A sheet sorted by its best column begins with the run that ``ls`` begins with."""
    rows = list(csv.DictReader(io.StringIO(call("export", "csv", "--project", "digits").stdout)))
    listed = call("ls", "--project", "digits", "--sort", "-val/accuracy.best", "--json").stdout

    best = max(rows, key=lambda row: float(row["metrics.val/accuracy.best"]))
    assert best["name"] == json.loads(listed)["items"][0]["name"]
    assert "metrics.plain.best" not in rows[0]


def test_a_folder_that_is_not_there_is_named(call: Call, tmp_path: Path) -> None:
    """CSV to a file in a folder that does not exist is refused with the name that was given, nothing internal."""
    done = call("export", "csv", "-o", str(tmp_path / "none" / "x.csv"))

    assert done.returncode == 1
    assert f"there is no folder {tmp_path / 'none'}" in done.stderr
    assert "partial" not in done.stderr
