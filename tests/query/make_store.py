"""A store with exactly the rows that a test wants, in the real schema, without recording them first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trackrecord.store.embedded import EmbeddedStore

SECOND = 1_000_000_000
#: 2026-11-20 12:00 UTC
START = 1_795_176_000 * SECOND


class StoreMaker:
    """Writes rows into a new store; runs get ids and creation times that grow by a minute unless given."""

    def __init__(self, path: Path) -> None:
        self.store = EmbeddedStore.open(path)
        self._projects: dict[str, int] = {}
        self._experiments: dict[tuple[int, str], int] = {}
        self._runs = 0
        self._metrics = 0

    def insert(self, table: str, **row: Any) -> None:
        """Insert one row; columns that must not be NULL and are not given get 0, which suits texts too."""
        with self.store.connections.writing(5) as connection:
            for _, column, _, required, default, _ in connection.execute(
                f"PRAGMA table_info({table})"
            ).fetchall():
                if required and default is None and column not in row:
                    row[column] = 0
            columns = ", ".join(row)
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
            connection.execute("UPDATE revision SET value = value + 1")

    def project(self, name: str) -> int:
        if name not in self._projects:
            self._projects[name] = len(self._projects) + 1
            self.insert("project", number=self._projects[name], name=name, created=START, changed=START)
        return self._projects[name]

    def experiment(self, project: str, name: str, **fields: Any) -> int:
        key = (self.project(project), name)
        if key not in self._experiments:
            self._experiments[key] = len(self._experiments) + 1
            number = self._experiments[key]
            self.insert(
                "experiment", number=number, project=key[0], name=name, created=START, updated=START, **fields
            )
        return self._experiments[key]

    def contract(
        self, project: str, pattern: str, goal: str | None, *, primary: bool = False, **fields: Any
    ) -> None:
        number = self.project(project)
        self.insert("contract", project=number, pattern=pattern, goal=goal, is_primary=int(primary), **fields)

    def run(
        self,
        name: str | None = None,
        *,
        project: str = "digits",
        params: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Sequence[float]] | None = None,
        tags: Sequence[str] = (),
        state: str | None = "finished",
        experiment: str | None = None,
        **fields: Any,
    ) -> str:
        """Add a run and return its id."""
        self._runs += 1
        number = self._runs
        row: dict[str, Any] = {
            "id": f"{number:032x}",
            "created": START + 60 * SECOND * number,
            "grown_at": START + 60 * SECOND * number,
            "revision": number,
        }
        row |= {"ended": row["created"] + 10 * SECOND if state else None, "ended_state": state} | fields
        if experiment is not None:
            row["experiment"] = self.experiment(project, experiment)
        self.insert("run", number=number, project=self.project(project), name=name or f"run-{number}", **row)
        for tag in tags:
            self.insert("tag", run=number, name=tag)
        for table, values in (("param", params), ("summary", summary)):
            for key, value in (values or {}).items():
                self.insert(table, run=number, key=key, **typed(value))
        for key, series in (metrics or {}).items():
            self._metrics += 1
            self.insert("metric", number=self._metrics, run=number, key=key, **figures(series))
        self.touch(number)
        return str(row["id"])

    def touch(self, number: int) -> None:
        """Say that something of a run has changed, as the ingester does with each change."""
        with self.store.connections.writing(5) as connection:
            connection.execute("UPDATE revision SET value = value + 1")
            connection.execute(
                "UPDATE run SET revision = (SELECT value FROM revision) WHERE number = ?", (number,)
            )


def typed(value: Any) -> dict[str, Any]:
    """Return a param or summary value as its columns."""
    if value is None:
        return {"kind": "none", "value": "null"}
    if isinstance(value, bool):
        return {"kind": "bool", "number": float(value), "value": json.dumps(value)}
    if isinstance(value, int):
        exact = str(value) if abs(value) <= 2**53 else json.dumps({"$int": str(value)})
        return {"kind": "int", "number": float(value), "value": exact}
    if isinstance(value, float):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        exact = json.dumps(value) if math.isfinite(value) else json.dumps({"$float": name})
        return {"kind": "float", "number": None if math.isnan(value) else value, "value": exact}
    if isinstance(value, str):
        return {"kind": "text", "text": value, "value": json.dumps(value)}
    return {"kind": "json", "value": json.dumps(value)}


def figures(series: Sequence[float]) -> dict[str, Any]:
    """Return the figures of a metric logged at steps 0, 1, 2, ..."""
    finite = [value for value in series if math.isfinite(value)]

    def stored(value: float) -> float | None:
        return None if math.isnan(value) else value

    return {
        "points": len(series),
        "nonfinite": len(series) - len(finite),
        "first": stored(series[0]),
        "last": stored(series[-1]),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "mean": sum(finite) / len(finite) if finite else None,
        "min_step": series.index(min(finite)) if finite else None,
        "max_step": series.index(max(finite)) if finite else None,
        "first_step": 0,
        "last_step": len(series) - 1,
        "first_time": START,
        "last_time": START + len(series) * SECOND,
    }
