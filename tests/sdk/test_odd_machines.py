"""Clocks that are far off, an inbox that becomes a file, a spool that is one, and arrays too large to be looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackrecord as tr
from tests.recorded import Inbox, inbox, python
from trackrecord.journal import spool
from trackrecord.journal.format import Kind

Found = Callable[[], Inbox]


@pytest.mark.parametrize("year", [1600, 2300, 9999])
def test_a_clock_beyond_what_a_time_can_be(monkeypatch: pytest.MonkeyPatch, found: Found, year: int) -> None:
    """Points are kept with the nearest time there is, and that is noted once."""
    ns = int((year - 1970) * 365.25 * 86400) * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: ns)
    run = tr.init("p", console=False, system_metrics=False)
    for step in range(3):
        run.log({"x": step}, step=step)
    run.finish()
    inbox = found()
    assert inbox.points("x") == [(0, 0), (1, 1), (2, 2)]
    assert inbox.problems() == {"clock": 1}
    nearest = (1 << 63) - 1
    assert inbox.records(Kind.BEGIN)[0]["t"] == (nearest if year > 1970 else -nearest)


@pytest.mark.skipif(os.name != "posix", reason="no open file can be removed there")
def test_an_inbox_that_becomes_a_file(tmp_path: Path) -> None:
    """What was logged before and after is in the fallback store at the end, and it was said."""
    script = """
    import os, shutil, time, trackrecord as tr
    store = os.environ["TRACKRECORD_STORE"]
    run = tr.init("p", console=False, system_metrics=False)
    run.log({"x": 0})
    shutil.rmtree(store + "/inbox")
    open(store + "/inbox", "w").close()
    for step in range(1, 50):
        run.log({"x": step})
    time.sleep(2.5)
    for step in range(50, 100):
        run.log({"x": step})
    run.finish()
    """
    done = python(tmp_path, script)
    fallback = tmp_path / "home" / "state" / "trackrecord" / "fallback"
    fallback.rename(tmp_path / "moved")
    (tmp_path / "there").mkdir()
    (tmp_path / "moved").rename(tmp_path / "there" / "store")
    kept = inbox(tmp_path / "there")
    assert kept.points("x") == [(step, step) for step in range(100)]
    assert kept.state == "finished"
    assert "can't be written now" in done.stderr
    assert str(fallback) in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="nothing is spooled there")
def test_a_spool_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    """Journals go to the store, that is noted, and nobody who forwards stumbles over it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(spool.VARIABLE, str(tmp_path / "file"))
    run = tr.init("p", console=False, system_metrics=False)
    run.log({"x": 1.0}, step=0)
    inbox = found()
    assert inbox.points("x") == [(0, 1.0)]
    assert inbox.problems() == {"no_spool": 1}
    assert spool.forward(tmp_path / "store") == 0


def test_only_the_beginning_of_what_is_very_long_is_looked_at(run: tr.Run, found: Found) -> None:
    """A range without an end in sight is kept as its first values; of an array no more is made a list."""

    class Large(np.ndarray):
        def tolist(self) -> Any:
            assert len(self) <= 100_001
            return super().tolist()

    run.log({"range": range(10**30), "array": np.zeros(300_000).view(Large)}, step=0)
    run.log_params({"range": range(10**30)})
    inbox = found()
    sizes = {record["key"]: record["size"] for record in inbox.records(Kind.MEDIA)}
    assert set(sizes) == {"range", "array"}
    assert all(100_000 < size < 1_100_000 for size in sizes.values())
    assert inbox.values(Kind.PARAMS, "params")["range"] == repr(range(10**30))
