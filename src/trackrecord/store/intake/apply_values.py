"""What params and summary records do: the first param holds, the last summary holds, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trackrecord.store.intake.fields import TypedValue, clean, typed
from trackrecord.store.intake.transaction import Said, Source, Transaction

#: (time, writer, place)
Rank = tuple[int, str, int]


@dataclass(slots=True)
class _Params:
    holding: dict[str, tuple[Rank, str]] = field(default_factory=dict)
    rows: dict[str, tuple[TypedValue, Rank]] = field(default_factory=dict)


class Values:
    """The params and summaries of one transaction; written to the database by ``flush``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._params: dict[int, _Params] = {}
        self._conflicts: list[tuple[int, str, str]] = []
        self._summary: dict[tuple[int, str], tuple[Rank, TypedValue]] = {}

    def params(self, source: Source, said: Said) -> None:
        """Keep params: of several values of a key the first by (time, writer) holds, others are conflicts."""
        params = self._params_of(source.run)
        rank = (said.time, said.writer, said.place)
        for key, raw in _items(said.fields.get("params")):
            value = typed(raw)
            holding = params.holding.get(key)
            if holding is not None and holding[1] != value.value:
                loser = value.value if holding[0] <= rank else holding[1]
                self._conflicts.append((source.run, key, loser))
            if holding is None or rank < holding[0]:
                params.holding[key] = (rank, value.value)
                params.rows[key] = (value, rank)

    def summary(self, source: Source, said: Said) -> None:
        """Keep summary values: of several of a key the last by (time, writer) holds."""
        rank = (said.time, said.writer, said.place)
        for key, raw in _items(said.fields.get("summary")):
            waiting = self._summary.get((source.run, key))
            if waiting is None or rank >= waiting[0]:
                self._summary[source.run, key] = (rank, typed(raw))

    def flush(self) -> None:
        """Write down what was learned."""
        execute = self._tx.connection.executemany
        execute(
            "INSERT OR REPLACE INTO param (run, key, kind, number, text, value, time, writer, place)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (run, key, *value, *rank)
                for run, params in self._params.items()
                for key, (value, rank) in params.rows.items()
            ],
        )
        execute("INSERT OR IGNORE INTO param_conflict (run, key, value) VALUES (?, ?, ?)", self._conflicts)
        # what holds in the end is no conflict, even if it lost to another one for a while; a new run has only new ones
        in_conflict = {(run, key) for run, key, _ in self._conflicts}
        execute(
            "DELETE FROM param_conflict WHERE run = ? AND key = ? AND value = ?",
            [
                (run, key, value.value)
                for run, params in self._params.items()
                if in_conflict or run not in self._tx.new_runs
                for key, (value, _) in params.rows.items()
                if run not in self._tx.new_runs or (run, key) in in_conflict
            ],
        )
        execute(
            "INSERT INTO summary (run, key, kind, number, text, value, updated, writer, place)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET"
            " kind = excluded.kind, number = excluded.number, text = excluded.text, value = excluded.value,"
            " updated = excluded.updated, writer = excluded.writer, place = excluded.place"
            " WHERE (excluded.updated, excluded.writer, excluded.place) >= (updated, writer, place)",
            [(run, key, *value, *rank) for (run, key), (rank, value) in self._summary.items()],
        )

    def _params_of(self, run: int) -> _Params:
        params = self._params.get(run)
        if params is None:
            params = self._params[run] = _Params()
            if run not in self._tx.new_runs:
                for key, time, writer, place, value in self._tx.connection.execute(
                    "SELECT key, time, writer, place, value FROM param WHERE run = ?", (run,)
                ):
                    params.holding[key] = ((time, writer, place), value)
        return params


def _items(found: Any) -> list[tuple[str, Any]]:
    return [(clean(key), raw) for key, raw in found.items()] if isinstance(found, dict) else []
