"""The parts of the demo, each run as the program that it is, with its progress shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from trackrecord.cli.grid import print_line
from trackrecord.cli.printed import printed_text
from trackrecord.cli.session import Session
from trackrecord.words.errors import TrackrecordError

_COUNTED = re.compile(r"\[(\d+)/(\d+)\] ")
# One thread of the numeric libraries: on such small data more of them only wait for each other.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class DemoPart:
    """One program of the demo; its project has the same name."""

    project: str
    title: str


PARTS = (
    DemoPart("iris", "A random forest on iris, the classic first example"),
    DemoPart("digits", "A sweep: five models read handwritten digits, several seeds each"),
    DemoPart("shapes", "A question, two experiments: what helps a network to tell discs from triangles?"),
)


def run_part(session: Session, part: DemoPart, *, quick: bool) -> None:
    """Run one part to its end. Raises TrackrecordError with its last words when it fails."""
    number = PARTS.index(part) + 1
    print_line(session.console)
    print_line(session.console, f"{number}. {part.title}", "bold")
    sys.stdout.flush()
    arguments = [sys.executable, "-m", f"trackrecord.demo.{part.project}", *(["--quick"] if quick else [])]
    last_words: deque[str] = deque(maxlen=30)
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=_environment(session),
    ) as process:
        assert process.stdout is not None
        try:
            _follow(session, process.stdout, last_words.append)
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        said = "".join(f"\n  {line}" for line in last_words)
        raise TrackrecordError(
            f"The part {part.project!r} of the demo ended with exit code {process.returncode}.{said}",
            hint=f"Run it alone to see more: python -m trackrecord.demo.{part.project}",
        )


def _environment(session: Session) -> dict[str, str]:
    environment = {**os.environ, "TRACKRECORD_STORE": str(session.store_path), "PYTHONIOENCODING": "utf-8"}
    for variable in _THREAD_VARIABLES:
        environment.setdefault(variable, "1")
    # The demo's runs are runs of their own, also when it is called from within a recorded one.
    for variable in ("TRACKRECORD_RUN_ID", "TRACKRECORD_MODE"):
        environment.pop(variable, None)
    return environment


def _follow(session: Session, lines: Iterable[str], keep: Callable[[str], None]) -> None:
    """Show what a part prints; the ``[3/15]`` in front of a line moves the bar."""
    console = session.console
    if not console.is_terminal:
        for line in lines:
            keep(line.rstrip("\n"))
            print_line(console, Text("   ").append_text(printed_text(line.rstrip("\n"))))
            console.file.flush()
        return
    begun = time.monotonic()
    with Progress(
        TextColumn("  "),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=None)
        for line in lines:
            keep(line.rstrip("\n"))
            counted = _COUNTED.match(line)
            if counted:
                progress.update(task, completed=int(counted[1]), total=int(counted[2]))
            text = printed_text(line[counted.end() if counted else 0 :].rstrip("\n"))
            text.stylize("dim" if counted else "green")
            print_line(progress.console, Text("   ").append_text(text))
    print_line(console, f"   {time.monotonic() - begun:.1f} s", "dim")
