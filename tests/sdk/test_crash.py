"""Real processes that are killed, start by the dozen, or find a disk that takes nothing lose nothing acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorded import Inbox, environment, inbox, python
from trackrecord.journal.format import Kind
from trackrecord.journal.place import make_store

_ENDLESS = """
import os, sys, trackrecord as tr
run = tr.init("p", params={"lr": 0.1}, console=False)
step = 0
while True:
    run.log({"x": step, "y" if step % 2 else "z": -step}, step=step)
    os.write(1, b"%d\\n" % step)
    step += 1
"""


def test_a_kill_at_any_moment_loses_no_returned_call(tmp_path: Path) -> None:
    """Twenty processes are killed while they log; every step that log() returned for is in their journals."""
    rng = random.Random(20)
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS],
            env=environment(folder),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        read = 0
        for _ in range(rng.randrange(1, 4000)):
            read = len(process.stdout.readline())
        process.kill()
        rest, errors = process.communicate()
        assert read > 0
        assert errors == b""
        lines = rest.split(b"\n")[:-1]  # a line that the kill cut off was acknowledged all the same
        found = inbox(folder)
        steps = [step for step, _ in found.points("x")]
        assert steps == list(range(len(steps)))
        if lines:
            assert int(lines[-1]) < len(steps)
        assert found.values(Kind.PARAMS, "params") == {"lr": 0.1}
        assert found.state is None


_SHORT = """
import sys, trackrecord as tr
number = int(sys.argv[1])
with tr.init("p", name=f"run {number}", params={"number": number}) as run:
    for step in range(50):
        run.log({"x": number, f"own/{number}": step}, step=step)
    print("process", number)
"""


def _start(folder: Path, count: int, **variables: str) -> None:
    """Run many processes at once; none of them may say anything on stderr."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _SHORT, str(number)],
            env=environment(folder, **variables),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(count)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=150)
        assert errors == b""
        assert process.returncode == 0


def _has_everything(found: Inbox, count: int) -> None:
    assert len(found.writers) == count
    assert found.damage == 0
    assert sorted(value for _, value in found.points("x")) == sorted(list(range(count)) * 50)
    for number in range(count):
        assert found.points(f"own/{number}") == [(step, step) for step in range(50)]
    assert sorted(found.console().split("\n")[:-1]) == sorted(f"process {number}" for number in range(count))
    assert [record["state"] for record in found.records(Kind.FINISH)] == ["finished"] * count
    assert [record["next"] for record in found.records(Kind.CLOSE)] == [False] * count


def test_fifty_processes_each_with_its_own_run(tmp_path: Path) -> None:
    """Fifty processes that make the store and their runs at once lose nothing and report no error."""
    _start(tmp_path, 50)
    found = inbox(tmp_path)
    assert len(found.runs) == 50
    _has_everything(found, 50)
    assert sorted(path.name for path in (tmp_path / "store").iterdir() if not path.name.startswith(".")) == [
        "blobs",
        "inbox",
        "store.json",
    ]


def test_fifty_processes_write_one_run(tmp_path: Path) -> None:
    """Fifty processes told to record into one run do so, each with a writer of its own."""
    _start(tmp_path, 50, TRACKRECORD_RUN_ID="together")
    found = inbox(tmp_path)
    assert found.runs == {"together"}
    _has_everything(found, 50)


def test_ranks_are_one_run_that_the_first_begins(tmp_path: Path) -> None:
    """A launcher's rank variables make the first rank begin the run and the others join it; each says its rank."""
    for rank in ("0", "1", "2"):
        python(tmp_path, _SHORT, rank, TRACKRECORD_RUN_ID="r1", RANK=rank, LOCAL_RANK="0", WORLD_SIZE="3")
    found = inbox(tmp_path)
    assert found.runs == {"r1"}
    assert sorted(record["role"] for record in found.records(Kind.BEGIN)) == ["begin", "join", "join"]
    ranks = [
        (record["rank"], record["local_rank"], record["world_size"]) for record in found.records(Kind.RANK)
    ]
    assert sorted(ranks) == [(0, 0, 3), (1, 0, 3), (2, 0, 3)]


_FULL = """
import os, sys, trackrecord as tr
from trackrecord.sdk import keeper
keeper.BEAT_S = 0.02
run = tr.init("p", params={"lr": 0.1}, store=sys.argv[1])
filler = os.path.join(os.path.dirname(run.store), "filler")
with open(filler, "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
for step in range(20_000):
    run.log({"x": step}, step=step)
run.log_text("long", "x" * 100_000)
assert run._writer.backlog() > 0
if sys.argv[2] == "returns":
    os.unlink(filler)
    while run._writer.backlog():
        pass
run.finish()
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=False)
    if done.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("space", ["returns", "never returns"])
def test_a_full_disk_costs_the_run_nothing(tmp_path: Path, small_disk: Path, space: str) -> None:
    """Records wait while the disk is full and are written when it is not, or at the end into the fallback store."""
    store = small_disk / "store"
    done = python(tmp_path, _FULL, str(store), space)
    points = Inbox(store).points("x")
    state = Inbox(store).state
    fallback = tmp_path / "home" / "state" / "trackrecord" / "fallback"
    if space == "never returns":
        points += Inbox(fallback).points("x")
        state = Inbox(fallback).state
        # who finds it there learns what run it is
        assert Inbox(fallback).records(Kind.BEGIN) == Inbox(store).records(Kind.BEGIN)
        assert Inbox(fallback).values(Kind.PARAMS, "params") == {"lr": 0.1}
        assert f"{store} took no more data" in done.stderr
    assert points == [(step, step) for step in range(20_000)]
    assert state == "finished"
    assert "could not be kept" in done.stderr


_LOG = """
import trackrecord as tr
with tr.init("p") as run:
    for step in range(10):
        run.log({"x": step})
"""


def test_a_store_that_cannot_be_made_is_replaced_and_that_is_said_once(tmp_path: Path) -> None:
    """Where a file stands in the way of the store's folder, the run is recorded in the user's fallback store."""
    (tmp_path / "store").write_text("in the way", encoding="utf-8")
    done = python(tmp_path, _LOG)
    fallback = tmp_path / "home" / "state" / "trackrecord" / "fallback"
    found = Inbox(fallback)
    assert len(found.points("x")) == 10
    assert done.stderr.count("can't be written to") == 1
    assert str(fallback) in done.stderr
    assert found.problems() == {"fallback_store": 1}
    assert (tmp_path / "store").read_text(encoding="utf-8") == "in the way"


def test_nowhere_to_write_is_still_no_error(tmp_path: Path) -> None:
    """When no place takes a file, training ends well all the same, and what happened is said."""
    (tmp_path / "store").write_text("in the way", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    (home / "state").write_text("in the way", encoding="utf-8")
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    (home / f"trackrecord-{user}").write_text("in the way", encoding="utf-8")
    done = python(tmp_path, _LOG)
    assert "nothing can be written anywhere" in done.stderr
    assert "could not be written anywhere" in done.stderr


def test_a_read_only_store_is_replaced(tmp_path: Path, small_disk: Path) -> None:
    """A store on a file system that nobody may write to leads to the fallback store."""
    store = small_disk / "store"
    make_store(store)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = python(tmp_path, _LOG, TRACKRECORD_STORE=str(store))
    assert done.stderr.count("can't be written to") == 1
    assert len(Inbox(tmp_path / "home" / "state" / "trackrecord" / "fallback").points("x")) == 10


def test_a_store_of_a_newer_version_is_recorded_into(tmp_path: Path) -> None:
    """A writer does not care what a later Trackrecord made of the rest of the store."""
    (tmp_path / "store" / "inbox").mkdir(parents=True)
    (tmp_path / "store" / "store.json").write_text('{"format": 99, "odd": []}', encoding="utf-8")
    done = python(tmp_path, _LOG)
    assert done.stderr == ""
    assert len(inbox(tmp_path).points("x")) == 10
    assert (tmp_path / "store" / "store.json").read_text(encoding="utf-8") == '{"format": 99, "odd": []}'


def test_a_store_deleted_under_a_live_run_loses_nothing(tmp_path: Path) -> None:
    """The run goes on in a store made anew, with everything of its open segment."""
    python(
        tmp_path,
        """
        import shutil, trackrecord as tr
        run = tr.init("p", params={"lr": 0.1})
        run.log({"x": 0})
        shutil.rmtree(run.store)
        run.log({"x": 1})
        while not run.store.exists():
            pass
        run.log({"x": 2})
        run.finish()
        """,
    )
    found = inbox(tmp_path)
    assert sorted(found.points("x")) == [(0, 0), (1, 1), (2, 2)]
    assert found.values(Kind.PARAMS, "params") == {"lr": 0.1}
    assert found.state == "finished"
