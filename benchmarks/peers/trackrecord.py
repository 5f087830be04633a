"""Trackrecord itself, through its public interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trackrecord as tr
from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """Records with ``tr.init`` and reads with the reading side, as it comes but for the console's text."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._store: Any = None
        #: payload bytes that the last chart fetched, where the store counts them
        self.bytes_of_last_chart: int | None = None

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run."""
        self._run = tr.init(
            "benchmark", name=name, params=params, tags=tags, store=self.folder, console=False
        )
        return self._run.log

    def finish(self) -> None:
        """End it."""
        self._run.finish()

    def settle(self) -> None:
        """Take in the inbox, and let the store merge what is to be merged, as a running server does."""
        from trackrecord.store.opening import open_store

        open_store(self.folder).close()

    def close(self) -> None:
        """Close the store, if one was opened."""
        if self._store is not None:
            self._store.close()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Open the run by its name and read its points."""
        with tr.open_run(name, store=self.folder) as run:
            points = run.metric(metric).points()
            return points.steps, points.values

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:
        """Ask the open store for the curves, as the server does for its page."""
        from trackrecord.store.contract import SeriesRequest
        from trackrecord.store.opening import open_store

        if self._store is None:
            self._store = open_store(self.folder)
            rows = self._store.catalog.rows("SELECT name, id FROM run")
            self._ids = {str(name): str(run) for name, run in rows}
        series = self._store.series
        before = getattr(series, "bytes_read", None)
        drawn = 0
        for name in names:
            sampled = series.sampled(SeriesRequest(self._ids[name], metric, pixels=pixels))
            drawn += len(sampled.x)
            if float(sampled.high.max()) != 1e6:
                raise AssertionError(f"the spike of {name} is not in its curve")
        if before is not None:
            self.bytes_of_last_chart = series.bytes_read - before
        return drawn
