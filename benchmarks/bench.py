"""One run of the benchmarks: its work folder, its sides as child processes, and what a row returns."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

from benchmarks.environments import cache_folder, child_environment, python_of
from benchmarks.sides import Side

Figures = dict[str, Any]
#: longest that one piece of work may take before its side is given up
PATIENCE_S = 420.0


@dataclass(slots=True)
class Reach:
    """One number that the issue asks for, and what was measured."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(slots=True)
class Row:
    """What one benchmark found: a table for people, the figures behind it, and the reaches it has."""

    headings: list[str]
    lines: list[list[str]]
    reaches: list[Reach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: by side; what other rows need to know
    figures: dict[str, Figures] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for results.json."""
        return asdict(self)


class SideFailed(Exception):  # noqa: N818 (it is what happened)
    """A side raised, died or took too long."""


class Child:
    """A side's process. Requests are answered one after the other."""

    def __init__(self, side: Side, python: Path, home: Path) -> None:
        self.side = side
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / "output.txt"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(python), "-m", "benchmarks.child", side.driver],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=home,
                env=child_environment(side, home),
                start_new_session=True,
            )

    def send(self, work: str, **arguments: Any) -> None:
        """Give it work."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"work": work, **arguments}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise SideFailed(f"{self.side.title} has ended: {self._last_words()}") from error

    def answer(self, patience_s: float = PATIENCE_S) -> Figures:
        """Wait for the answer. Raises SideFailed when there is none."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(patience_s):
                self.end()
                raise SideFailed(f"took longer than {patience_s:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise SideFailed(f"ended without an answer: {self._last_words()}")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise SideFailed(str(said["error"]))
        figures: Figures = said["figures"]
        return figures

    def ask(self, work: str, **arguments: Any) -> Figures:
        """Give it work and wait for the answer."""
        self.send(work, **arguments)
        return self.answer()

    def kill_alone(self) -> None:
        """SIGKILL this process as the kernel does when memory ends; its own helpers live on."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """End it and everything that it started."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
                self.process.wait(5)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


class Bench:
    """A run of one or more benchmarks, in a work folder of its own on the disk of the user's cache."""

    def __init__(
        self, peers: Iterable[Side], *, quick: bool = False, known: Mapping[str, Any] | None = None
    ) -> None:
        self.peers = list(peers)
        self.quick = quick
        #: rows measured before, by name: what `figures` looks into
        self.known = dict(known or {})
        self.folder = Path(tempfile.mkdtemp(prefix="work-", dir=cache_folder()))
        self._children = ExitStack()
        self._started: dict[str, Child] = {}
        self._shared: dict[str, Any] = {}
        self._numbers = 0
        #: peers whose environment can't be made, and why
        self.left_out: dict[str, str] = {}

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_children()
        shutil.rmtree(self.folder, ignore_errors=True)

    def size(self, full: int, quick: int) -> int:
        """Return how much is done: less in a quick run."""
        return quick if self.quick else full

    def new_folder(self, name: str) -> Path:
        """Return a folder that nothing else uses; its maker is whoever writes into it."""
        self._numbers += 1
        return self.folder / f"{self._numbers:04}-{name}"

    def folders(self, sides: Iterable[Side]) -> dict[str, str]:
        """Return a new folder for each side, by name; some tools can only have one in a process."""
        return {side.name: str(self.new_folder(side.name)) for side in sides}

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what several rows need, made once."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    @property
    def whole_peers(self) -> list[Side]:
        """Peers for rows that wait for the end of all work: there MLflow's queue only delays what it does directly."""
        return [side for side in self.peers if side.name != "mlflow-async"]

    def install(self) -> None:
        """Make the environments of all peers; leave out those that can't be made."""
        for side in list(self.peers):
            try:
                python_of(side)
            except (RuntimeError, OSError) as error:
                self.left_out[side.title] = str(error)
                self.peers.remove(side)

    def start(self, side: Side) -> Child:
        """Start a process of a side for the caller alone, who ends it."""
        return Child(side, python_of(side), self.new_folder(f"home-{side.name}"))

    def child(self, side: Side) -> Child:
        """Return the process of a side that this row uses again and again."""
        running = self._started.get(side.name)
        if running is None or running.process.poll() is not None:
            running = self._started[side.name] = self.start(side)
            self._children.callback(running.end)
        return running

    def end_children(self) -> None:
        """End the processes of `child`."""
        self._children.close()
        self._children = ExitStack()
        self._started.clear()

    def rounds(
        self,
        sides: Sequence[Side],
        count: int,
        work: str,
        request: Callable[[Side, int], dict[str, Any]],
        *,
        peer_count: int | None = None,
    ) -> tuple[dict[str, list[Figures]], list[str]]:
        """Let all sides do the same work in turns, ``count`` times; return figures by side and what went wrong.

        In turns, so that what the machine does meanwhile meets all of them. Peers stop after ``peer_count`` rounds.
        """
        found: dict[str, list[Figures]] = {side.name: [] for side in sides}
        failed: dict[str, str] = {}
        for number in range(count):
            for side in sides:
                if side.name in failed or (side in self.peers and number >= (peer_count or count)):
                    continue
                try:
                    found[side.name].append(self.child(side).ask(work, **request(side, number)))
                except SideFailed as error:
                    failed[side.name] = f"{side.title}: {error}"
        return {name: figures for name, figures in found.items() if figures}, list(failed.values())

    def figures(self, row: str) -> dict[str, Figures]:
        """Return the figures of another row, of this run or the last one that is written down; {} without."""
        figures: dict[str, Figures] = self.known.get(row, {}).get("figures", {})
        return figures


def middle(rounds: Sequence[Figures], key: str) -> float:
    """Return the median of one figure over rounds."""
    return float(median(each[key] for each in rounds))


def spread(rounds: Sequence[Figures], key: str, form: str = ",.2f") -> str:
    """Return the median of one figure and, where there are several rounds, the least and the greatest."""
    values = [each[key] for each in rounds]
    text = format(median(values), form)
    return f"{text} ({format(min(values), form)} to {format(max(values), form)})" if len(values) > 1 else text


def bytes_below(folder: Path) -> tuple[int, int]:
    """Return the apparent and the allocated bytes of all files and folders below and with ``folder``."""
    apparent = allocated = 0
    for path in [folder, *folder.rglob("*")]:
        stat = path.lstat()
        apparent += stat.st_size
        allocated += stat.st_blocks * 512
    return apparent, allocated
