"""A store with runs of every kind, and the command line as a real process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: how a test calls the command line: `call("ls", "--json", **variables of the environment)`
Call = Callable[..., "subprocess.CompletedProcess[str]"]

_RECORDING = """
import trackrecord as tr

for group, lr in (("slow", 0.01), ("fast", 0.1)):
    for seed in range(3):
        params = {"lr": lr, "seed": seed, "model": "mlp"}
        with tr.init("digits", params=params, name=f"{group}-{seed}", group=group, tags=["sweep"]) as run:
            tr.define_metric("val/accuracy", goal="max", primary=True, unit="share")
            tr.define_metric("val/loss", goal="min")
            for step in range(20):
                accuracy = 0.5 + lr * step / 4 + seed / 100
                run.log({"val/accuracy": accuracy, "val/loss": 1.0 / (step + 1) + lr, "plain": step}, step=step)
            run.summary["note"] = "good"
            print("trained", group, seed)
with tr.init("iris", params={"depth": 3}, name="only-one", hypothesis="Three are enough", notes="a note") as run:
    run.log({"loss": float("nan")}, step=0)
    run.log({"loss": "abc"}, step=1)
    run.log_artifact(__file__, name="code", kind="source")
try:
    with tr.init("iris", name="broken") as run:
        raise ValueError("no such flower")
except ValueError:
    pass
"""


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment without anything that steers Trackrecord or the terminal, plus ``variables``."""
    steering = ("TRACKRECORD_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING", "LC_", "LANG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return {**kept, "PYTHONIOENCODING": "utf-8", **variables}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store that a real process has recorded into."""
    folder = tmp_path_factory.mktemp("recorded")
    script = folder / "train.py"
    script.write_text(_RECORDING, encoding="utf-8")
    subprocess.run(
        [sys.executable, str(script)], cwd=folder, env=clean_environment(), check=True, timeout=120
    )
    return folder


@pytest.fixture
def call(recorded: Path) -> Call:
    """Return a function that runs one command in the folder of the store."""

    def run(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "trackrecord", *arguments],
            cwd=cwd or recorded,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=120,
        )

    return run


def columns_of(output: str, *, line: int = 0) -> list[str]:
    """Return the cells of one line of a printed table."""
    return re.split(r" {2,}", output.splitlines()[line].strip())


@pytest.fixture
def on_terminal(recorded: Path) -> Any:
    """Return a function that runs one command on a pseudo terminal of a certain width and returns what it shows."""
    pty = pytest.importorskip("pty", reason="pseudo terminals are not to be had on Windows")
    import fcntl
    import struct
    import termios

    def run(*arguments: str, width: int = 80, **variables: str) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        environment = clean_environment(**{"TERM": "xterm-256color", **variables})
        process = subprocess.Popen(
            [sys.executable, "-m", "trackrecord", *arguments],
            cwd=recorded,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end was closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        process.wait(timeout=60)
        return shown.decode("utf-8").replace("\r\n", "\n")

    return run


def without_styles(shown: str) -> str:
    """Return what a terminal shows without bold, dim and colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)
