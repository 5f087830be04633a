"""What the process prints is kept with its runs, and printing goes on as if nobody listened."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import trackrecord as tr
from tests.recorded import Inbox, environment, inbox, python

Found = Callable[[], Inbox]


def test_what_is_printed_is_kept_and_still_printed(tmp_path: Path) -> None:
    """Both streams arrive at the terminal and on the run, whole, bars without a line's end included."""
    done = python(
        tmp_path,
        """
        import sys, trackrecord as tr
        with tr.init("p") as run:
            print("hello", "käse")
            print("error", file=sys.stderr)
            for percent in (10, 50, 100):
                sys.stdout.write(f"\\r{percent} %")
            sys.stdout.writelines(["a\\n", "b"])
        print("after")
        """,
    )
    assert done.stdout == "hello käse\n\n10 %\n50 %\n100 %a\nbafter\n"  # subprocess makes \r a line's end
    assert done.stderr == "error\n"
    found = inbox(tmp_path)
    assert found.console() == "hello käse\n\r10 %\r50 %\r100 %a\nb"
    assert found.console("stderr") == "error\n"


def test_console_may_be_left_out(tmp_path: Path) -> None:
    """With console=False nothing that is printed is kept."""
    python(tmp_path, "import trackrecord as tr\nwith tr.init('p', console=False):\n    print('secret')\n")
    assert inbox(tmp_path).console() == ""


def test_threads_that_print(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    """Lines that threads print at once are all kept, each whole."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    tr.init("p", system_metrics=False)

    def work(number: int) -> None:
        for line in range(100):
            sys.stdout.write(f"{number}/{line}\n")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = found().console().splitlines()
    assert sorted(lines) == sorted(f"{number}/{line}" for number in range(8) for line in range(100))


def test_a_value_that_prints_while_it_is_logged_never_hangs(tmp_path: Path) -> None:
    """A value whose conversion prints a warning can be logged while other threads print and log."""
    python(
        tmp_path,
        """
        import os, sys, threading, trackrecord as tr
        sys.stdout = open(os.devnull, "w")
        class Loud:
            def __float__(self):
                print("converted")
                return 1.0
        run = tr.init("p")
        def talk():
            for _ in range(2000):
                print("talk")
        def work():
            for _ in range(2000):
                run.log({"x": Loud()})
        threads = [threading.Thread(target=target) for target in (talk, work, talk, work)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """,
    )
    found = inbox(tmp_path)
    assert len(found.points("x")) == 4000
    assert found.console().count("talk") == 4000
    assert found.console().count("converted") >= 4000


def test_streams_that_others_replace(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    """Wrappers around ours, put on and taken off in any order as test runners do, hear and keep each text once."""
    below = io.StringIO()
    monkeypatch.setattr(sys, "stdout", below)

    class Wrapper(io.StringIO):
        def __init__(self, stream: object) -> None:
            super().__init__()
            self.stream = stream

        def write(self, text: str) -> int:
            return int(self.stream.write(text))  # type: ignore[attr-defined]

    tr.init("p", system_metrics=False)
    print("one")
    ours = sys.stdout
    sys.stdout = Wrapper(ours)
    print("two")
    tr.init("p", system_metrics=False)  # ends the first run, and listens above the wrapper
    print("three")
    sys.stdout = ours
    print("four")
    tr.init("p", system_metrics=False)
    print("five")
    assert below.getvalue() == "one\ntwo\nthree\nfour\nfive\n"
    assert sorted(found().console().splitlines()) == ["five", "four", "one", "three", "two"]


def test_streams_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no run listens any more the streams are what they were."""
    stdout, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    run = tr.init("p")
    assert sys.stdout is not stdout
    run.finish()
    assert sys.stdout is stdout
    assert sys.stderr is stderr


@pytest.mark.parametrize("stream", ["None", "open(os.devnull, 'w')"])
def test_streams_that_are_closed_or_missing(tmp_path: Path, stream: str) -> None:
    """A process without streams, or with closed ones, records like any other."""
    python(
        tmp_path,
        f"""
        import os, sys, trackrecord as tr
        sys.stdout = {stream}
        if sys.stdout: sys.stdout.close()
        with tr.init("p") as run:
            try:
                print("hello")
            except ValueError:
                pass
            run.log({{"x": "odd"}})
            run.log({{"x": 1}})
        sys.stdout = None
        """,
    )
    assert inbox(tmp_path).points("x") == [(1, 1)]


def test_odd_texts(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    """Half characters and texts longer than a record may be are kept as far as UTF-8 can say them."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    tr.init("p", system_metrics=False)
    print("\ud800")
    print("x" * 3_000_000)
    text = found().console()
    assert text == "?\n" + "x" * 3_000_000 + "\n"


def test_the_first_run_is_announced_to_a_person_only(tmp_path: Path) -> None:
    """At a terminal the first init says once what is recorded where; in a pipe nothing is said."""
    script = (
        "import trackrecord as tr\nfor n in range(2): tr.init('p', name=f'run-{n}', console=False).finish()"
    )
    pty = pytest.importorskip("pty")
    above, below = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-c", script], env=environment(tmp_path), check=True, stderr=below, timeout=60
        )
        said = os.read(above, 10_000).decode()
    finally:
        os.close(above)
        os.close(below)
    piped = python(tmp_path, script)

    assert said.count("trackrecord:") == 1
    assert "recording run 'run-0' of project 'p' into" in said
    assert piped.stderr == ""
