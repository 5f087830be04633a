"""``TRACKRECORD_SPOOL``: journals on a local disk first, then in the store's inbox, without a loss or a double."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recorded import environment, python
from trackrecord.journal import spool
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is spooled there")

_RUN = """
import os, sys, time
import trackrecord as tr
run = tr.init("p", name="spooled", system_metrics=False, console=False)
for step in range(1000):
    run.log({"loss": step * 0.5}, step=step)
how = sys.argv[1]
if how == "killed":
    os.kill(os.getpid(), 9)
if how == "live":
    print("logged", flush=True)
    sys.stdin.readline()
    for step in range(1000, 1100):
        run.log({"loss": step * 0.5}, step=step)
run.finish()
"""


def _spooled(folder: Path) -> list[Path]:
    return list((folder / "spool").glob("*/journals/*.journal"))


def _points(folder: Path) -> list[float]:
    with EmbeddedStore.open(folder / "store") as store:
        assert take_in(store, wait_s=5.0).problems == []
        (run,) = [row[0] for row in store.catalog.rows("SELECT id FROM run")]
        found: list[float] = store.series.points(run, "loss").values.tolist()
        return found


def test_a_finished_run_leaves_nothing_in_the_spool(tmp_path: Path) -> None:
    """At the end of the process all is in the store's inbox."""
    python(tmp_path, _RUN, "whole", TRACKRECORD_SPOOL=str(tmp_path / "spool"))
    assert _spooled(tmp_path) == []
    assert _points(tmp_path) == [step * 0.5 for step in range(1000)]


def test_what_a_killed_process_left_in_the_spool_is_forwarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens the store on that host brings it on; twice changes nothing."""
    python(tmp_path, _RUN, "killed", expect=-9, TRACKRECORD_SPOOL=str(tmp_path / "spool"))
    assert len(_spooled(tmp_path)) == 1
    monkeypatch.setenv(spool.VARIABLE, str(tmp_path / "spool"))
    content = _spooled(tmp_path)[0].read_bytes()
    path = _spooled(tmp_path)[0]
    assert _points(tmp_path) == [step * 0.5 for step in range(1000)]
    assert _spooled(tmp_path) == []
    path.write_bytes(content)
    assert _points(tmp_path) == [step * 0.5 for step in range(1000)]
    assert _spooled(tmp_path) == []


def test_a_live_run_is_seen_and_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """New points go on within seconds; while the store's disk is away they wait in the spool, and logging goes on."""
    (tmp_path / "script.py").write_text(_RUN)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), "live"],
        env=environment(tmp_path, TRACKRECORD_SPOOL=str(tmp_path / "spool")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "logged\n"
        deadline = time.monotonic() + 60
        while not any((tmp_path / "store" / "inbox").glob("*.journal")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while len(_points(tmp_path)) < 1000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.rename(tmp_path / "store", tmp_path / "away")  # noqa: PTH104
        process.communicate("go on\n", timeout=60)
        assert process.returncode == 0
        assert len(_spooled(tmp_path)) == 1
        os.rename(tmp_path / "away", tmp_path / "store")  # noqa: PTH104
    finally:
        process.kill()
        process.communicate()
    with pytest.MonkeyPatch.context() as here:
        here.setenv(spool.VARIABLE, str(tmp_path / "spool"))
        assert _points(tmp_path) == [step * 0.5 for step in range(1100)]
    assert _spooled(tmp_path) == []
