"""Facts of the process: what they say, and that nothing about finding them can hurt a run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import Inbox, inbox, python
from trackrecord.journal.blobfile import blob_path
from trackrecord.journal.format import Kind

_SCRIPT = "import trackrecord as tr\nwith tr.init('p') as run:\n    run.log({'x': 1})\n"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_shell = pytest.mark.skipif(os.name != "posix", reason="a git made of a shell script")


def _facts(found: Inbox, store: Path) -> dict[str, Any]:
    facts = {}
    for record in found.records(Kind.FACTS):
        value = record["value"]
        if record["digest"] is not None:
            value = json.loads(Path(blob_path(str(store / "blobs"), record["digest"])).read_bytes())
        facts[record["part"]] = value
    return facts


def _git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@needs_git
def test_commit_branch_and_changes_are_kept(tmp_path: Path) -> None:
    """In a repository commit, branch and whether files differ are on the run; secrets of its address are not."""
    _git(tmp_path, "init", "--initial-branch", "trunk")
    _git(tmp_path, "remote", "add", "origin", "https://user:secret@example.org/a.git")
    (tmp_path / "train.py").write_text("1", encoding="utf-8")
    _git(tmp_path, "add", "train.py")
    _git(tmp_path, "commit", "-m", "first")
    commit = _git(tmp_path, "rev-parse", "HEAD")
    python(tmp_path, _SCRIPT)
    git = _facts(inbox(tmp_path), tmp_path / "store")["git"]
    assert git == {
        "root": str(tmp_path),
        "commit": commit,
        "branch": "trunk",
        "dirty": False,
        "remote": "https://example.org/a.git",
    }
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "train.py").write_text("2", encoding="utf-8")
    python(tmp_path, _SCRIPT)
    assert _facts(inbox(tmp_path), tmp_path / "store")["git"]["dirty"] is True


def test_process_python_host_and_packages_are_kept(tmp_path: Path) -> None:
    """The command, the interpreter, the machine and the installed packages are on the run."""
    python(tmp_path, _SCRIPT, "--lr", "0.1")
    found = inbox(tmp_path)
    facts = _facts(found, tmp_path / "store")
    assert facts["process"]["script"] == str(tmp_path / "script.py")
    assert facts["process"]["folder"] == str(tmp_path)
    assert facts["python"]["version"] == ".".join(str(part) for part in sys.version_info[:3])
    assert facts["host"]["cpus"] == os.cpu_count()
    assert facts["packages"]["pytest"] == pytest.__version__
    assert found.records(Kind.BEGIN)[0]["command"][-2:] == ["--lr", "0.1"]


def test_without_git_there_are_all_other_facts(tmp_path: Path) -> None:
    """No git on the path is no error, and leaves out nothing else."""
    done = python(tmp_path, _SCRIPT, PATH=str(tmp_path))
    assert done.stderr == ""
    assert {"process", "python", "host", "packages"} <= _facts(inbox(tmp_path), tmp_path / "store").keys()


@needs_shell
@pytest.mark.parametrize(
    "git", ["sleep 1000", "sleep 1000 & sleep 1000", "echo nonsense; exit 3", "printf '\\377\\n'"]
)
def test_a_git_that_hangs_or_fails_costs_only_its_own_facts(tmp_path: Path, git: str) -> None:
    """The end of the process waits for facts only so long, and writes those it has."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\n{git}\n", encoding="utf-8")
    (tools / "git").chmod(0o755)
    try:
        done = python(
            tmp_path,
            "from trackrecord.sdk import keeper\nkeeper.LAST_WAIT_S = 0.5\n" + _SCRIPT,
            PATH=f"{tools}{os.pathsep}{os.environ['PATH']}",
        )
    finally:
        for line in (tmp_path / "pids").read_text().split():
            subprocess.run(
                ["sh", "-c", f"kill $(ps -o pid= --ppid {line}) {line}"], check=False, capture_output=True
            )
    assert done.stderr == ""
    found = inbox(tmp_path)
    assert found.state == "finished"
    assert {"process", "python", "host", "packages"} <= _facts(found, tmp_path / "store").keys()
    assert len(found.records(Kind.CLOSE)) == 1


def test_a_removed_working_folder_is_no_error(tmp_path: Path) -> None:
    """A process whose working folder was deleted records like any other."""
    gone = tmp_path / "gone"
    gone.mkdir()
    python(tmp_path, f"import os\nos.chdir({str(gone)!r})\nos.rmdir({str(gone)!r})\n" + _SCRIPT)
    assert inbox(tmp_path).points("x") == [(0, 1)]


def test_equal_facts_are_stored_once(tmp_path: Path) -> None:
    """A hundred runs of one process cite one list of packages."""
    python(
        tmp_path,
        """
        import trackrecord as tr
        for number in range(100):
            with tr.init("p", system_metrics=False) as run:
                run.log({"x": number})
        """,
    )
    found = inbox(tmp_path)
    packages = [record["digest"] for record in found.records(Kind.FACTS) if record["part"] == "packages"]
    assert len(packages) == 100
    assert len(set(packages)) == 1
    assert len([path for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file()]) <= 2
