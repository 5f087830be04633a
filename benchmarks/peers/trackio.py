"""Trackio in its local mode."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """Records with ``trackio.init``; reads its SQLite file through its own storage class."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # read when the package is loaded
        os.environ["TRACKIO_DIR"] = str(folder)
        import trackio

        if str(trackio.TRACKIO_DIR) != str(folder):
            raise RuntimeError(f"trackio keeps its data in {trackio.TRACKIO_DIR}: one folder a process")
        self._trackio = trackio

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run; it knows no tags, so they are put into its config."""
        config = {**(params or {}), **({"tags": list(tags)} if tags else {})}
        self._trackio.init(
            project="benchmark", name=name, config=config, embed=False, auto_log_gpu=False, auto_log_cpu=False
        )
        log: LogFunction = self._trackio.log
        return log

    def finish(self) -> None:
        """End it: waits for its sending thread."""
        self._trackio.finish()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read the run's logs."""
        import numpy as np
        from trackio.sqlite_storage import SQLiteStorage

        logs = SQLiteStorage.get_logs("benchmark", name)
        found = [(each["step"], each[metric]) for each in logs if metric in each]
        pairs = np.array(found, dtype=np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:
        """Read what its page reads: logs thinned to at most so many."""
        from trackio.sqlite_storage import SQLiteStorage

        drawn = 0
        for name in names:
            logs = SQLiteStorage.get_logs("benchmark", name, max_points=pixels)
            drawn += sum(1 for each in logs if metric in each)
        return drawn
