"""``trackrecord export parquet`` as a real process: its options and errors, and what a killed one leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call, clean_environment

pq = pytest.importorskip("pyarrow.parquet")


def _runs(folder: Path) -> list[str]:
    names: list[str] = pq.read_table(folder / "runs.parquet")["name"].to_pylist()
    return sorted(names)


def test_the_whole_store(call: Call, tmp_path: Path) -> None:
    """Every run and point; --json says what was written, and the files and the manifest hold just that."""
    target = tmp_path / "new" / "out"
    told = json.loads(call("export", "parquet", str(target), "--json").stdout)
    assert told["folder"] == str(target)
    assert told["rows"]["runs"] == 8
    # what a machine says of itself is a metric, too, and not of this number
    metrics = pq.read_table(target / "points")["metric"].to_pylist()
    assert [metrics.count(name) for name in ("plain", "val/accuracy", "val/loss", "loss")] == [120] * 3 + [1]
    assert sum(pq.read_table(target / "runs.parquet")["points"].to_pylist()) == len(metrics)
    assert json.loads((target / "export.json").read_text(encoding="utf-8"))["rows"] == told["rows"]
    for name, count in told["rows"].items():
        place = target / "points" if name == "points" else target / f"{name}.parquet"
        assert pq.read_table(place).num_rows == count, name
    assert not (target / "blobs").exists()


def test_some_runs(call: Call, tmp_path: Path) -> None:
    """Runs by name, filter or project, and nothing of the others."""
    done = call("export", "parquet", str(tmp_path / "named"), "fast-0", "only-one")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 runs with " in done.stderr
    assert f" points written to {tmp_path / 'named'}" in done.stderr
    assert _runs(tmp_path / "named") == ["fast-0", "only-one"]
    call("export", "parquet", str(tmp_path / "fit"), "--where", "params.lr > 0.05")
    assert _runs(tmp_path / "fit") == ["fast-0", "fast-1", "fast-2"]
    call("export", "parquet", str(tmp_path / "project"), "-p", "iris", "--files")
    assert _runs(tmp_path / "project") == ["broken", "only-one"]
    assert pq.read_table(tmp_path / "project" / "projects.parquet")["project"].to_pylist() == ["iris"]
    files = [path for path in (tmp_path / "project" / "blobs").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in files] == pq.read_table(tmp_path / "project" / "files.parquet")[
        "size"
    ].to_pylist()
    call("export", "parquet", str(tmp_path / "none"), "--where", "params.lr > 5")
    assert (_runs(tmp_path / "none"), pq.read_table(tmp_path / "none" / "points").num_rows) == ([], 0)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "DEST"),
        (["out", "fast-0", "--where", "params.lr > 0"], 2, "one of the two"),
        (["out", "nobody"], 1, "nobody"),
        (["out", "--where", "nonsense >"], 1, "nonsense"),
        (["file/out"], 1, "file"),
    ],
)
def test_errors_write_nothing(
    call: Call, recorded: Path, tmp_path: Path, *, words: list[str], code: int, text: str
) -> None:
    """What is wrong is said, without a traceback, with the right exit code; no folder is begun."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = call("export", "parquet", *words, "--store", str(recorded / ".trackrecord"), cwd=tmp_path)
    assert (done.returncode, text in done.stderr, "Traceback" in done.stderr) == (code, True, False), (
        done.stderr
    )
    assert (done.stdout, [path.name for path in tmp_path.iterdir()]) == ("", ["file"])


def test_only_an_export_is_replaced(call: Call, tmp_path: Path) -> None:
    """What is there stays; --overwrite replaces an earlier export and refuses any other folder."""
    target = tmp_path / "out"
    assert call("export", "parquet", str(target), "fast-0").returncode == 0
    again = call("export", "parquet", str(target), "fast-1")
    assert (again.returncode, "is there already" in again.stderr, _runs(target)) == (1, True, ["fast-0"])
    assert call("export", "parquet", str(target), "fast-1", "--overwrite").returncode == 0
    assert _runs(target) == ["fast-1"]

    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("mine", encoding="utf-8")
    refused = call("export", "parquet", str(precious), "--overwrite")
    assert (refused.returncode, "no export of Trackrecord" in refused.stderr) == (1, True)
    assert [path.name for path in precious.iterdir()] == ["thesis.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "precious"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("there", [False, True])
def test_a_killed_export(call: Call, recorded: Path, tmp_path: Path, there: bool) -> None:
    """Killed in the middle nothing looks whole and an older export stays; the next one removes what is left."""
    target = tmp_path / "out"
    if there:
        assert call("export", "parquet", str(target), "fast-0").returncode == 0
    # Stopped, not slowed down: at the first points the process waits for its end.
    code = (
        "import sys, time\n"
        "import trackrecord.exchange.parquet_export as export\n"
        "def stopped(*_):\n"
        "    print('in the middle', flush=True)\n"
        "    time.sleep(60)\n"
        "export._write_points = stopped\n"
        "from trackrecord.cli.main import main\n"
        "main()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, "export", "parquet", str(target), "--overwrite"],
        cwd=recorded,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "in the middle\n"
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=60)
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert [name.startswith(".trackrecord-partial-") for name in left] == [True]
    assert (_runs(target) == ["fast-0"]) if there else not target.exists()

    assert call("export", "parquet", str(target), "--overwrite").returncode == 0
    assert len(_runs(target)) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
