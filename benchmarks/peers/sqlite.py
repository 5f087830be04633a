"""The limit of a database of rows: ``sqlite3`` with ``executemany``, one row a point, as MLflow lays them out."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tracker import LogFunction, Tracker

_BATCH = 10_000


class Driver(Tracker):
    """One table of points. Up to 10,000 points wait in memory, so a kill loses them: this is a limit of speed only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "points.db", timeout=60)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, params TEXT, tags TEXT)"
        )
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS point (run TEXT, metric TEXT, step INTEGER, time INTEGER, value REAL,"
            " PRIMARY KEY (run, metric, step)) WITHOUT ROWID"
        )
        self._waiting: list[tuple[Any, ...]] = []

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Insert the run."""
        self._database.execute("INSERT INTO run VALUES (?, ?, ?)", (name, repr(params), repr(tags)))
        waiting, clock, write = self._waiting, time.time_ns, self._write

        def log(values: Mapping[str, float], step: int) -> None:
            now = clock()
            waiting.extend([(name, key, step, now, value) for key, value in values.items()])
            if len(waiting) >= _BATCH:
                write()

        return log

    def _write(self) -> None:
        self._database.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?)", self._waiting)
        self._database.commit()
        self._waiting.clear()

    def finish(self) -> None:
        """Write what waits."""
        self._write()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read the rows."""
        import numpy as np

        rows = self._database.execute(
            "SELECT step, value FROM point WHERE run = ? AND metric = ? ORDER BY step", (name, metric)
        ).fetchall()
        found = np.array(rows, dtype=np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]
