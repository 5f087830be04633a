"""Threads, forks, spawned processes, signals, asyncio, and every way in which a process ends."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trackrecord as tr
from tests.recorded import Inbox, inbox, python
from trackrecord.journal.format import Kind
from trackrecord.journal.reader import Record

Found = Callable[[], Inbox]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def test_threads_lose_nothing_and_share_the_count(run: tr.Run, found: Found) -> None:
    """Ten threads that log without a step get each its own, and no point is lost."""

    def work(number: int) -> None:
        for value in range(200):
            run.log({"x": value, f"thread {number}": value})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    points = found().points("x")
    assert sorted(step for step, _ in points) == list(range(2000))
    assert sorted(value for _, value in points) == sorted(list(range(200)) * 10)


def test_a_thread_that_logs_while_the_run_ends(run: tr.Run, found: Found) -> None:
    """What a thread logs around the end is before the end or noted; nothing comes behind it, nothing raises."""
    going, stop = threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            run.log({"x": 1})
            going.set()

    thread = threading.Thread(target=work)
    thread.start()
    going.wait()
    run.finish()
    stop.set()
    thread.join()
    inbox = found()
    (segment,) = inbox.segments
    (end,) = [
        item.offset for item in segment.batch.items if isinstance(item, Record) and item.kind == Kind.FINISH
    ]
    assert max(int(rows.offsets.max()) for rows in inbox.rows()) < end
    assert "lost" not in inbox.problems()


@needs_fork
def test_a_forked_child_goes_on_in_a_journal_of_its_own(tmp_path: Path) -> None:
    """os.fork: parent and child both log to the run, the child's steps go on from the fork, and the run ends well."""
    python(
        tmp_path,
        """
        import os, trackrecord as tr
        run = tr.init("p")
        run.log({"parent": 0})
        child = os.fork()
        if child == 0:
            run.log({"child": 1})
            run.summary["from child"] = 1
            raise SystemExit(0)
        assert os.waitpid(child, 0)[1] == 0
        run.log({"parent": 1})
        """,
    )
    found = inbox(tmp_path)
    assert len(found.runs) == 1
    assert len(found.writers) == 2
    assert sorted(record["role"] for record in found.records(Kind.BEGIN)) == ["begin", "forked"]
    assert found.points("parent") == [(0, 0), (1, 1)]
    assert found.points("child") == [(1, 1)]
    assert found.values(Kind.SUMMARY, "summary") == {"from child": 1}
    assert [record["next"] for record in found.records(Kind.CLOSE)] == [False, False]


@needs_fork
@pytest.mark.parametrize(
    "end", ["os._exit(0)", "raise SystemExit(0)", "run.finish()", "raise ValueError('child')"]
)
def test_a_forked_child_that_records_nothing_makes_no_file(tmp_path: Path, end: str) -> None:
    """Data loaders fork by the dozen: however they end, they leave nothing and change nothing about the run."""
    python(
        tmp_path,
        f"""
        import os, trackrecord as tr
        with tr.init("p") as run:
            for _ in range(5):
                child = os.fork()
                if child == 0:
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                    {end}
                    os._exit(0)
                os.waitpid(child, 0)
            run.log({{"x": 1}})
        """,
    )
    found = inbox(tmp_path)
    assert len(found.writers) == 1
    assert found.points("x") == [(0, 1)]
    assert found.state == "finished"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: Path, method: str) -> None:
    """A run handed to a process of multiprocessing records there, and each child says how it ended."""
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    python(
        tmp_path,
        f"""
        import multiprocessing, sys, trackrecord as tr

        def work(run, number):
            run.log({{"child": number}}, step=number)
            if number == 3:
                sys.stderr = None
                raise ValueError("the third fails")

        if __name__ == "__main__":
            context = multiprocessing.get_context("{method}")
            with tr.init("p") as run:
                children = [context.Process(target=work, args=(run, number)) for number in range(4)]
                for child in children:
                    child.start()
                for child in children:
                    child.join()
                run.log({{"parent": 1}})
        """,
        TMPDIR=tempfile.gettempdir(),  # names of sockets are short
    )
    found = inbox(tmp_path)
    assert len(found.runs) == 1
    assert sorted(found.points("child")) == [(number, number) for number in range(4)]
    assert found.points("parent") == [(0, 1)]
    role = "forked" if method == "fork" else "join"
    assert sorted(record["role"] for record in found.records(Kind.BEGIN)) == sorted(["begin", *[role] * 4])
    ends = sorted(record["state"] for record in found.records(Kind.FINISH))
    assert ends == ["failed", "finished", "finished", "finished", "finished"]
    assert any("the third fails" in (record["traceback"] or "") for record in found.records(Kind.FINISH))
    assert len(found.records(Kind.CLOSE)) == 5


@needs_fork
def test_a_fork_while_others_log_never_hangs(tmp_path: Path) -> None:
    """Children forked while threads log, print and note problems can all record, and end."""
    python(
        tmp_path,
        """
        import os, sys, threading, trackrecord as tr
        from trackrecord.sdk import keeper
        keeper.BEAT_S = 0.005
        sys.stdout = open(os.devnull, "w")
        run = tr.init("p")
        stop = threading.Event()
        def work(number):
            step = 0
            while not stop.is_set():
                run.log({f"thread {number}": step, "text": "odd" if number else 1})
                print("thread", number, step)
                step += 1
        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for number in range(20):
            child = os.fork()
            if child == 0:
                run.log({"child": number}, step=number)
                print("child", number)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        run.finish()
        """,
    )
    found = inbox(tmp_path)
    assert sorted(found.points("child")) == [(number, number) for number in range(20)]
    assert found.damage == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_a_signal_handler_logs_in_the_middle_of_log(tmp_path: Path) -> None:
    """A handler that logs, prints and sets results while log() runs loses nothing and never hangs."""
    python(
        tmp_path,
        """
        import itertools, signal, trackrecord as tr
        run = tr.init("p", console=False)
        counter = itertools.count()
        def handle(*_):
            number = next(counter)
            run.log({"handled": number})
            run.log({"odd": "text"})
            run.summary["handled"] = number
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for step in range(5000):
            run.log({"x": step})
        signal.setitimer(signal.ITIMER_REAL, 0)
        run.summary["count"] = next(counter)
        """,
    )
    found = inbox(tmp_path)
    count = found.values(Kind.SUMMARY, "summary")["count"]
    assert [value for _, value in found.points("x")] == list(range(5000))
    assert sorted(value for _, value in found.points("handled")) == list(range(count))
    steps = [step for key in ("x", "handled") for step, _ in found.points(key)]
    assert len(set(steps)) == len(steps)


def test_asyncio(tmp_path: Path) -> None:
    """Tasks that take turns log to one run."""
    python(
        tmp_path,
        """
        import asyncio, trackrecord as tr
        async def work(run, number):
            for step in range(20):
                run.log({f"task {number}": step}, step=step)
                await asyncio.sleep(0)
        async def main():
            with tr.init("p") as run:
                await asyncio.gather(*(work(run, number) for number in range(5)))
        asyncio.run(main())
        """,
    )
    for number in range(5):
        assert inbox(tmp_path).points(f"task {number}") == [(step, step) for step in range(20)]


_ENDS = [
    ("pass", 0, "finished", None, None),
    ("sys.exit()", 0, "finished", 0, None),
    ("sys.exit(0)", 0, "finished", 0, None),
    ("sys.exit(3)", 3, "failed", 3, None),
    ("sys.exit('a message')", 1, "failed", 1, None),
    ("raise ValueError('boom')", 1, "failed", 1, "boom"),
    ("raise KeyboardInterrupt", None, "stopped", 130, "KeyboardInterrupt"),
    ("run.finish('stopped')", 0, "stopped", None, None),
    ("run.finish('splendid')", 0, "failed", None, None),
    ("os._exit(0)", 0, None, None, None),
    ("os.kill(os.getpid(), 9)", -9, None, None, None),
]


@pytest.mark.parametrize("block", [False, True], ids=["script", "with"])
@pytest.mark.parametrize("ending", _ENDS, ids=[end[0] for end in _ENDS])
def test_how_a_process_ends(
    tmp_path: Path, block: bool, ending: tuple[str, int | None, str | None, int | None, str | None]
) -> None:
    """The state, exit code and traceback of a run tell how its process ended, with and without a with block."""
    end, code, state, exit_code, trace = ending
    done = python(
        tmp_path,
        f"""
        import os, sys, trackrecord as tr
        {"with tr.init('p') as run:" if block else "run = tr.init('p')" + chr(10) + "        if True:"}
            run.log({{"x": 1}})
            {end}
        """,
        expect=code,
    )
    found = inbox(tmp_path)
    assert found.points("x") == [(0, 1)]
    assert found.state == state
    if state is not None:
        (finish,) = found.records(Kind.FINISH)
        assert finish["exit_code"] == exit_code
        assert (trace or "") in (finish["traceback"] or "")
        assert (finish["traceback"] is None) == (trace is None)
        assert len(found.records(Kind.CLOSE)) == 1
    assert "trackrecord:" not in done.stderr or "splendid" in end


def test_a_caught_exit_does_not_fail_a_later_run(tmp_path: Path) -> None:
    """A sys.exit that somebody catches says nothing about a run that begins afterwards."""
    python(
        tmp_path,
        """
        import sys, trackrecord as tr
        tr.init("p").finish()
        try:
            sys.exit(2)
        except SystemExit:
            pass
        tr.init("p")
        """,
    )
    assert [record["state"] for record in inbox(tmp_path).records(Kind.FINISH)] == ["finished", "finished"]


def test_open_and_nested_runs_all_end_with_the_process(tmp_path: Path) -> None:
    """A child run does not end its parent; at the end of the process every open run ends."""
    python(
        tmp_path,
        """
        import trackrecord as tr
        parent = tr.init("p", name="parent")
        child = tr.init("p", name="child", parent=parent)
        assert tr.current_run() is child
        tr.log({"x": 1})
        child.finish()
        assert tr.current_run() is parent
        tr.log({"y": 1})
        tr.init("p", name="second child", parent=parent.id)
        """,
    )
    found = inbox(tmp_path)
    parents = {record["name"]: record["parent"] for record in found.records(Kind.BEGIN)}
    assert len(found.runs) == 3
    assert parents["parent"] is None
    assert parents["child"] == parents["second child"] is not None
    assert [record["state"] for record in found.records(Kind.FINISH)] == ["finished"] * 3


def test_a_cell_run_twice_ends_the_run_before(found: Found) -> None:
    """A second init outside of a with block ends the run of the first; inside of one it does not."""
    first = tr.init("p", console=False)
    second = tr.init("p", console=False)
    assert first.ended
    assert not second.ended
    with tr.init("p", console=False) as outer:
        inner = tr.init("p", console=False)
        assert not outer.ended
        inner.finish()
    assert found().state == "finished"


def test_a_disabled_run_makes_nothing(tmp_path: Path) -> None:
    """mode="disabled": every method works, nothing is written anywhere, in forked and spawned children neither."""
    python(
        tmp_path,
        """
        import multiprocessing, os, trackrecord as tr

        def use(run):
            run.log({"x": 1, "t": tr.Text("a")})
            run.log_params({"a": 1})
            run.summary["a"] = 1
            run.log_text("t", "x" * 100_000)
            run.log_image("i", [[0, 255]])
            run.log_artifact(__file__)
            run.define_metric("x", goal="max")
            run.add_tags("a")

        if __name__ == "__main__":
            with tr.init("p", mode="disabled", params={"a": 1}) as run:
                use(run)
                assert run.url == ""
                assert run.params == {"a": 1}
                assert run.summary["a"] == 1
                process = multiprocessing.get_context("spawn").Process(target=use, args=(run,))
                process.start()
                process.join()
                assert process.exitcode == 0
                if hasattr(os, "fork"):
                    child = os.fork()
                    if child == 0:
                        use(run)
                        os._exit(0)
                    assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert not (tmp_path / "store").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "script.py"]
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_disabled_beside_a_run_that_records(tmp_path: Path) -> None:
    """A disabled run stays disabled in a forked child of a process that also records."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    python(
        tmp_path,
        """
        import os, trackrecord as tr
        with tr.init("p") as run, tr.init("p", mode="disabled") as quiet:
            child = os.fork()
            if child == 0:
                quiet.log({"x": 1})
                os._exit(0)
            os.waitpid(child, 0)
        """,
        TRACKRECORD_MODE="online",
    )
    assert len(inbox(tmp_path).writers) == 1
    assert not (tmp_path / "disabled").exists()


def test_a_run_survives_copies_and_pickles_in_its_process(run: tr.Run) -> None:
    """A copied or unpickled run in the same process is the run itself."""
    import copy

    assert copy.deepcopy({"run": run})["run"] is run
    assert pickle.loads(pickle.dumps(run)) is run


def test_the_store_is_looked_up_to_the_repository(tmp_path: Path) -> None:
    """From a folder deep in a repository the store lies at the repository's root, or in a .trackrecord on the way."""
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    script = f"""
        import os, trackrecord as tr
        del os.environ["TRACKRECORD_STORE"]
        os.chdir({str(deep)!r})
        run = tr.init("p")
        print(run.store)
    """
    assert python(tmp_path, script).stdout.strip() == str(tmp_path / "repository" / ".trackrecord")
    (tmp_path / "repository" / "a" / ".trackrecord").mkdir()
    assert python(tmp_path, script).stdout.strip() == str(tmp_path / "repository" / "a" / ".trackrecord")


def test_heartbeats_and_samples(tmp_path: Path) -> None:
    """The background thread leaves heartbeats, and samples of the process with contracts that say what they are."""
    python(
        tmp_path,
        """
        import trackrecord as tr
        from trackrecord.sdk import keeper
        keeper.BEAT_S = keeper.HEARTBEAT_S = 0.02
        from trackrecord.journal.format import Kind
        from trackrecord.journal.reader import scan
        run = tr.init("p", system_metrics=0.1)
        kinds = []
        while min(kinds.count(Kind.HEARTBEAT), kinds.count(Kind.ROW)) < 3:
            with open(run._writer.path, "rb") as file:
                kinds = [getattr(item, "kind", None) for item in scan(file.read())]
        """,
    )
    found = inbox(tmp_path)
    assert len(found.records(Kind.HEARTBEAT)) >= 3
    assert {record["pattern"] for record in found.records(Kind.CONTRACT)} == {
        "system/process_cpu",
        "system/process_memory",
    }
    cpu, memory = found.points("system/process_cpu"), found.points("system/process_memory")
    assert [step for step, _ in cpu] == list(range(len(memory)))
    assert len(cpu) >= 3
    assert all(value >= 0 for _, value in cpu)
    assert all(1 << 20 < value < 1 << 40 for _, value in memory)


def test_no_more_threads_is_no_error(tmp_path: Path) -> None:
    """Where the system gives no thread, recording works without what is done in the background."""
    python(
        tmp_path,
        """
        import threading, trackrecord as tr
        def start(self):
            raise RuntimeError("can't start new thread")
        threading.Thread.start = start
        with tr.init("p") as run:
            run.log({"x": 1})
        """,
    )
    found = inbox(tmp_path)
    assert found.points("x") == [(0, 1)]
    assert found.state == "finished"
    assert len(found.records(Kind.CLOSE)) == 1


def test_finish_waits_for_nothing(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """finish() returns while the disk syncs for ever and facts are still unknown; the rest is written afterwards."""
    release = threading.Event()
    real = os.fsync

    def fsync(file: Any) -> None:
        if threading.current_thread().name == "trackrecord":
            release.wait()
        real(file)

    tr.init("p", console=False).finish()  # makes the store
    monkeypatch.setattr(os, "fsync", fsync)
    run = tr.init("p", console=False)
    try:
        run.log({"x": 1})
        run.finish()
        assert run.ended
        assert not release.is_set()
    finally:
        release.set()
    assert found().points("x") == [(0, 1)]
