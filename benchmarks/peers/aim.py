"""Aim with a local repository."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aim

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """Records with ``aim.Run``; reads with ``aim.Repo``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._traces: dict[tuple[str, str], Any] = {}

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run; ``track`` takes a dict."""
        self._run = aim.Run(
            repo=str(self.folder),
            experiment="benchmark",
            system_tracking_interval=None,
            log_system_params=False,
            capture_terminal_logs=False,
        )
        self._run.name = name
        if params:
            self._run["hparams"] = dict(params)
        for tag in tags:
            self._run.add_tag(tag)
        log: LogFunction = self._run.track
        return log

    def finish(self) -> None:
        """Close the run."""
        self._run.close()

    def settle(self) -> None:
        """Make its index, as ``aim up`` does while it runs: until then its reader finds no run."""
        command = [
            str(Path(sys.executable).with_name("aim")),
            "storage",
            "--repo",
            str(self.folder),
            "reindex",
            "-y",
        ]
        subprocess.run(command, check=True, stdout=sys.stderr)

    def repair(self) -> None:
        """Make the index anew."""
        self.settle()

    def _find(self, name: str, metric: str) -> Any:
        if (name, metric) not in self._traces:
            with contextlib.redirect_stdout(io.StringIO()):
                for run in aim.Repo(str(self.folder)).iter_runs():
                    for trace in run.metrics():
                        self._traces[run.name, trace.name] = trace
        return self._traces[name, metric]

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read the sequence as sparse arrays."""
        steps, values = self._find(name, metric).values.sparse_numpy()
        return steps, values

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:
        """Take the reservoir sample that its page draws."""
        return sum(len(self._find(name, metric).data.sample(pixels).numpy()[0]) for name in names)
