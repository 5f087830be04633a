"""Changes after the fact from the command line, as real processes, with what they print and what they leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import clean_environment

_RECORDING = """
import trackrecord as tr
quiet = {"console": False, "system_metrics": False}
for at in range(4):
    with tr.init("digits", name=f"run-{at}", params={"at": at}, tags=["sweep"], **quiet) as run:
        run.log({"loss": 1.0 / (at + 1)}, step=0)
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs one command on a store of four runs, as the user ada."""
    subprocess.run(
        [sys.executable, "-c", _RECORDING], cwd=tmp_path, env=clean_environment(), check=True, timeout=60
    )

    def call(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "trackrecord", *arguments],
            cwd=tmp_path,
            env=clean_environment(TRACKRECORD_USER="ada"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return call


def rows(run: Run, *arguments: str) -> dict[str, Any]:
    """Return the runs of a list by name."""
    return {row["name"]: row for row in json.loads(run("ls", "--json", *arguments).stdout)["items"]}


def test_one_run_is_renamed_noted_grouped_tagged_and_moved(run: Run) -> None:
    """Each command says what it did, and the lists show it."""
    assert run("rename", "run-0", "base").stdout == "run-0: renamed to base.\n"
    assert "note written" in run("note", "base", "-m", "good").stdout
    assert "in group g" in run("group", "base", "--to", "g").stdout
    assert "tagged a, b" in run("tag", "base", "-t", "a", "-t", "b").stdout
    assert "without sweep" in run("untag", "base", "-t", "sweep").stdout
    assert "moved to attic" in run("move", "base", "--to", "attic").stdout
    row = rows(run)["base"]
    assert (row["notes"], row["group"], row["tags"], row["project"]) == ("good", "g", ["a", "b"], "attic")

    history = json.loads(run("history", "base", "--json").stdout)
    assert [each["field"] for each in history["items"]] == [
        "project",
        "tags",
        "tags",
        "group",
        "notes",
        "name",
    ]
    assert {each["who"] for each in history["items"]} == {"ada"}
    assert run("history", "base").stdout.splitlines()[0].split() == ["when", "who", "what", "before", "after"]
    run("undo", "base")
    assert rows(run)["base"]["project"] == "digits"


def test_a_filter_changes_many_runs(run: Run) -> None:
    """Archiving by a filter says how many runs it was; what is archived or deleted is in no list until it is back."""
    answer = json.loads(run("archive", "--where", "params.at >= 2", "--json").stdout)
    assert (answer["count"], answer["shown"]) == (2, True)
    assert sorted(rows(run)) == ["run-0", "run-1"]
    assert "2 runs: back in the lists." in run("unarchive", "--where", "params.at >= 2").stdout
    assert "3 runs: in the trash." in run("delete", "--where", "params.at >= 1").stdout
    assert sorted(rows(run)) == ["run-0"]
    assert "3 runs in the trash." in run("trash").stdout
    assert run("undelete", "--where", "params.at == 1").stdout == "run-1: out of the trash.\n"
    assert sorted(rows(run)) == ["run-0", "run-1"]
    assert "No run fits; nothing was changed." in run("archive", "--where", "params.at > 99").stdout


def test_purging_needs_a_yes_and_frees_the_disk(run: Run, tmp_path: Path) -> None:
    """Without a terminal what is final needs --yes; then the runs are gone, by name and in the trash."""
    run("delete", "run-1", "run-2")
    refused = run("trash", "--empty", expect=2)
    assert "2 runs would be removed for good; say --yes to do it." in refused.stderr
    done = json.loads(run("trash", "--empty", "--yes", "--json").stdout)
    assert (done["count"], done["shown"]) == (2, True)
    assert "The trash is empty." in run("trash").stdout
    assert "1 run removed for good" in run("purge", "run-3", "--yes").stdout
    assert sorted(rows(run)) == ["run-0"]
    run("show", "run-3", expect=1)


def test_gc_reports_first(run: Run, tmp_path: Path) -> None:
    """Without --yes nothing is removed; with it, what was named is."""
    import os

    stray = tmp_path / ".trackrecord" / "blobs" / "partial.00"
    stray.write_bytes(b"x" * 1000)
    os.utime(stray, (1_700_000_000, 1_700_000_000))
    report = json.loads(run("gc", "--json").stdout)
    assert (report["removed"], report["bytes"] >= 1000) == (False, True)
    assert "can be freed" in run("gc").stdout
    assert stray.exists()
    assert "freed" in run("gc", "--yes").stdout
    assert not stray.exists()
    assert "There is nothing to free." in run("gc").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("archive",), 1, "No run is named"),
        (("archive", "run-0", "--where", "params.at == 1"), 1, "one of the two"),
        (("rename", "run-0", ""), 1, "can't be empty"),
        (("rename", "nobody", "x"), 1, "There is no run 'nobody'"),
        (("tag", "run-0"), 2, "--tag"),
        (("note", "run-0"), 2, "-m or -F"),
        (("delete", "--where", "params.att == 1"), 1, "did you mean"),
        (("undo", "run-0"), 1, "nothing to undo"),
        (("history", "--project", "nowhere"), 1, "no project"),
        (("history",), 2, "Name a run"),
    ],
)
def test_mistakes_are_explained(run: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    """A wrong name, filter or value is a clear error, and nothing is changed."""
    assert words.lower() in run(*arguments, expect=code).stderr.lower()
    assert sorted(rows(run)) == ["run-0", "run-1", "run-2", "run-3"]


def test_archived_and_deleted_runs_are_compared_when_asked_for(run: Run) -> None:
    """`compare` and `plot` leave out what lists leave out, and take it in with --archived and --trash."""
    run("archive", "run-1")
    run("delete", "run-2")

    def compared(*options: str) -> set[str]:
        answer = json.loads(run("compare", "--project", "digits", "--json", *options).stdout)
        return {each["name"] for each in answer["runs"]}

    assert compared() == {"run-0", "run-3"}
    assert compared("--archived") == {"run-0", "run-1", "run-3"}
    assert compared("--trash") == {"run-2"}
    assert "run-2" in run("plot", "--project", "digits", "-m", "loss", "--trash").stdout
    run("compare", "run-1", "run-2", "--trash", expect=2)
