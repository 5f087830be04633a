"""What happens to recording processes: paused, signalled, out of files, robbed of their files, ended in odd ways.

Nothing of it raises into training, nothing that ``log()`` returned from is lost, and what is lost is said.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recorded import environment, inbox, python
from trackrecord.journal.format import Kind

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and descriptors of POSIX")

_LOGGING = """
import os, sys, trackrecord as tr
run = tr.init("p", name="logger", console=False, system_metrics=False)
step = 0
while True:
    run.log({"x": step}, step=step)
    os.write(1, b"%d\\n" % step)
    step += 1
"""


def _start(folder: Path, script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _read_lines(process: subprocess.Popen[bytes], count: int) -> None:
    assert process.stdout is not None
    for _ in range(count):
        process.stdout.readline()


def test_a_paused_writer_goes_on_where_it_was(tmp_path: Path) -> None:
    """A process stopped for seconds is not called crashed meanwhile, and once woken it has lost nothing."""
    process = _start(tmp_path, _LOGGING)
    try:
        _read_lines(process, 500)
        process.send_signal(signal.SIGSTOP)
        before = len(inbox(tmp_path).points("x"))
        time.sleep(4)
        command = [sys.executable, "-m", "trackrecord", "--store", str(tmp_path / "store"), "ls", "--json"]
        done = subprocess.run(command, env=environment(tmp_path), capture_output=True, check=True)
        assert json.loads(done.stdout)["items"][0]["state"] in ("running", "silent")
        process.send_signal(signal.SIGCONT)
        _read_lines(process, before + 500)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    found = inbox(tmp_path)
    points = found.points("x")
    assert len(points) > before
    assert points == [(step, step) for step in range(len(points))]
    assert (found.damage, found.state) == (0, "stopped")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_a_signal_in_the_middle_of_logging_loses_nothing(tmp_path: Path, name: str) -> None:
    """However a signal ends the process, every call that returned is kept, whole."""
    process = _start(tmp_path, _LOGGING)
    _read_lines(process, 700)
    process.send_signal(getattr(signal, name))
    rest, _ = process.communicate(timeout=60)
    found = inbox(tmp_path)
    points = found.points("x")
    assert points == [(step, step) for step in range(len(points))]
    lines = rest.split(b"\n")[:-1]
    assert len(points) >= 700
    assert not lines or int(lines[-1]) < len(points)
    assert found.state == ("stopped" if name == "SIGINT" else None)
    assert process.returncode != 0


def test_handlers_that_log_and_leave(tmp_path: Path) -> None:
    """A handler may log its last words and leave by sys.exit: the run ends as the code says, with these words."""
    done = python(
        tmp_path,
        """
        import os, signal, sys, threading, time, trackrecord as tr
        run = tr.init("p", console=False, system_metrics=False)
        def leave(number, frame):
            run.log({"last": 1})
            run.summary["signal"] = number
            sys.exit(3)
        signal.signal(signal.SIGTERM, leave)
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        while True:
            run.log({"x": 1})
        """,
        expect=3,
    )
    found = inbox(tmp_path)
    assert done.stderr == ""
    assert found.state == "failed"
    assert found.points("last")
    assert found.values(Kind.SUMMARY, "summary") == {"signal": int(signal.SIGTERM)}
    assert found.damage == 0


_WITHOUT_FILES = """
import os, resource, sys, trackrecord as tr
from trackrecord.journal import writer as writer_module
from trackrecord.sdk import keeper
keeper.BEAT_S = 0.05
writer_module.SEGMENT_BYTES = 20_000
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def exhaust():
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return taken
def free(taken):
    for file in taken:
        os.close(file)
if sys.argv[1] == "before":
    taken = exhaust()
run = tr.init("p", params={"lr": 0.1}, console=False, system_metrics=False)
if sys.argv[1] == "after":
    taken = exhaust()
for step in range(2000):
    run.log({"x": step}, step=step)
run.log({"odd": "text", "y": 1})
free(taken)
while run._writer.backlog():
    pass
run.log({"x": 2000}, step=2000)
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_out_of_file_descriptors_loses_nothing(tmp_path: Path, moment: str) -> None:
    """With no descriptor left, at init or while segments rotate, points wait and are written when there are some."""
    done = python(tmp_path, _WITHOUT_FILES, moment)
    found = inbox(tmp_path)
    assert found.points("x") == [(step, step) for step in range(2001)]
    assert found.values(Kind.PARAMS, "params") == {"lr": 0.1}
    assert found.state == "finished"
    assert found.damage == 0
    assert "Traceback" not in done.stderr


def test_thousands_of_short_runs_keep_few_files_open(tmp_path: Path) -> None:
    """Runs that end faster than a slow disk syncs them do not use up the descriptors, and all are whole."""
    done = python(
        tmp_path,
        """
        import os, resource, time, trackrecord as tr
        real = os.fsync
        os.fsync = lambda file: (time.sleep(0.05), real(file))
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
        for number in range(300):
            with tr.init("p", params={"number": number}, console=False) as run:
                run.log({"x": number})
        """,
    )
    found = inbox(tmp_path)
    assert done.stderr == ""
    assert len(found.runs) == len(found.segments) == 300
    assert sorted(value for _, value in found.points("x")) == list(range(300))
    assert [record["state"] for record in found.records(Kind.FINISH)] == ["finished"] * 300
    assert [record["next"] for record in found.records(Kind.CLOSE)] == [False] * 300
    assert len([fact for fact in found.records(Kind.FACTS) if fact["part"] == "python"]) == 300


def test_a_process_that_closes_all_files_goes_on(tmp_path: Path) -> None:
    """A program that makes itself a daemon closes every descriptor: the run takes a new file and says so."""
    python(
        tmp_path,
        """
        import os, time, trackrecord as tr
        from trackrecord.sdk import keeper
        keeper.BEAT_S = 0.05
        run = tr.init("p", console=False, system_metrics=False)
        run.log({"x": 0}, step=0)
        while keeper._charges[0].facts is not None:  # git is asked through pipes of its own
            time.sleep(0.01)
        time.sleep(0.3)
        os.closerange(3, 256)
        own = [os.open(f"own{number}", os.O_RDWR | os.O_CREAT) for number in range(20)]
        while not run._writer.damaged:
            time.sleep(0.01)
        for step in range(1, 100):
            run.log({"x": step}, step=step)
        run.finish()
        keeper.drain()
        for file in own:  # they are still the program's
            os.write(file, b"")
        """,
    )
    found = inbox(tmp_path)
    assert found.points("x") == [(step, step) for step in range(100)]
    assert found.state == "finished"
    assert found.problems()["journal_damaged"] == 1


def test_daemon_threads_that_log_at_the_end_of_the_interpreter(tmp_path: Path) -> None:
    """Threads still busy while the interpreter ends neither hang it nor make it complain."""
    done = python(
        tmp_path,
        """
        import threading, time, trackrecord as tr
        run = tr.init("p", console=False, system_metrics=False)
        def work(number):
            while True:
                run.log({f"thread{number}": 1.0})
        for number in range(4):
            threading.Thread(target=work, args=(number,), daemon=True).start()
        time.sleep(0.3)
        """,
    )
    found = inbox(tmp_path)
    assert found.state == "finished"
    assert found.damage == 0
    assert "Traceback" not in done.stderr
    assert "Fatal" not in done.stderr


def test_a_run_that_nobody_holds_any_more_still_ends(tmp_path: Path) -> None:
    """A run that was begun and forgotten is not collected: it ends with the process."""
    python(
        tmp_path,
        """
        import gc, trackrecord as tr
        def begin():
            tr.init("p", console=False, system_metrics=False).log({"x": 1})
        begin()
        gc.collect()
        """,
    )
    assert inbox(tmp_path).state == "finished"


def test_the_order_of_each_thread_is_kept(tmp_path: Path) -> None:
    """Eight threads log to one run: each one's points are in its own order, and none is missing."""
    python(
        tmp_path,
        """
        import sys, threading, trackrecord as tr
        sys.setswitchinterval(1e-5)
        with tr.init("p", console=False, system_metrics=False) as run:
            def work(number):
                for value in range(2000):
                    run.log({f"thread{number}": value, "shared": number})
            threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """,
    )
    found = inbox(tmp_path)
    for number in range(8):
        points = sorted(found.points(f"thread{number}"))
        assert [value for _, value in points] == list(range(2000))
    assert sorted(step for step, _ in found.points("shared")) == list(range(16_000))


def test_data_loader_workers(tmp_path: Path) -> None:
    """PyTorch's workers, forked in the middle of a run, log to it too; those that do not leave no trace."""
    pytest.importorskip("torch")
    python(
        tmp_path,
        """
        import torch, trackrecord as tr
        from torch.utils.data import DataLoader, Dataset
        class Numbers(Dataset):
            def __len__(self):
                return 64
            def __getitem__(self, index):
                if logs:
                    run.log({"seen": index}, step=index)
                return torch.tensor([float(index)])
        with tr.init("p", console=False, system_metrics=False) as run:
            for logs in (False, True):
                for step, batch in enumerate(DataLoader(Numbers(), batch_size=8, num_workers=3)):
                    run.log({"loss": batch.mean(), "half": batch.mean().to(torch.bfloat16)}, step=step)
        """,
    )
    found = inbox(tmp_path)
    assert sorted(found.points("seen")) == [(index, index) for index in range(64)]
    assert len(found.points("loss")) == 16
    assert [value for _, value in found.points("half")][:2] == [3.5, 11.5]
    assert len(found.writers) == 4
    assert found.state == "finished"
