"""A store of many runs for the benchmark of queries, written straight into the tables of the real schema.

What is in it is made like real sweeps: numbers of few and of many values, texts of few values, metrics that depend on
the params, names of their own.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trackrecord.store.columns.columns import tidy
from trackrecord.store.embedded import EmbeddedStore

PARAMS, METRICS = 30, 20
START_NS = 1_760_000_000 * 10**9
_OPTIMIZERS = ("adam", "adamw", "sgd", "lion", "rmsprop")


def params_of(chance: random.Random) -> dict[str, Any]:
    """Return the params of one run: 10 floats, 10 whole numbers, 5 texts, 5 truths."""
    params: dict[str, Any] = {
        "optimizer.lr": 10 ** chance.uniform(-5, -1),
        "optimizer.name": chance.choice(_OPTIMIZERS),
    }
    params |= {f"model.float_{n}": round(chance.random(), 3) for n in range(9)}
    params |= {f"model.size_{n}": chance.choice((16, 32, 64, 128)) for n in range(9)}
    params |= {f"data.text_{n}": f"choice-{chance.randrange(10)}" for n in range(4)}
    params |= {f"flags.flag_{n}": chance.random() < 0.5 for n in range(5)}
    params["seed"] = chance.randrange(1000)
    return params


def metrics_of(chance: random.Random) -> dict[str, float]:
    """Return the last value of each metric of one run."""
    metrics = {"val/accuracy": chance.betavariate(8, 2), "val/loss": chance.expovariate(2)}
    return metrics | {f"layer/{n}/norm": chance.gauss(1, 0.3) for n in range(METRICS - 2)}


def runs_of(count: int, seed: int = 20261120) -> Iterator[tuple[str, dict[str, Any], dict[str, float]]]:
    """Yield (name, params, last values of metrics) of so many runs, the same ones every time."""
    chance = random.Random(seed)
    for number in range(count):
        yield f"sweep-{chance.randrange(100):02d}-{number:06d}", params_of(chance), metrics_of(chance)


def make_query_store(path: Path, count: int) -> EmbeddedStore:
    """Return an open store of so many finished runs, with its columns written."""
    store = EmbeddedStore.open(path)
    with store.connections.writing(60) as connection:
        connection.execute("INSERT INTO project VALUES (1, 'bench', ?, ?, 1)", (START_NS, START_NS))
        params: list[tuple[Any, ...]] = []
        metrics: list[tuple[Any, ...]] = []
        for number, (name, its_params, its_metrics) in enumerate(runs_of(count), 1):
            created = START_NS + number * 10**9
            connection.execute(
                "INSERT INTO run (number, id, project, name, created, ended, ended_state, grown_at, revision, points)"
                " VALUES (?, ?, 1, ?, ?, ?, 'finished', ?, 1, 2000)",
                (number, f"{number:032x}", name, created, created + 60 * 10**9, created),
            )
            params += [(number, key, *_typed(value), created, "w", 0) for key, value in its_params.items()]
            metrics += [_metric(number, key, value, created) for key, value in its_metrics.items()]
            if number % 2000 == 0:
                _insert(connection, params, metrics)
        _insert(connection, params, metrics)
        connection.execute("UPDATE revision SET value = 1")
    more = True
    while more:
        with store.connections.writing(60) as connection:
            more = tidy(connection, 5.0)
    return store


def _insert(
    connection: sqlite3.Connection, params: list[tuple[Any, ...]], metrics: list[tuple[Any, ...]]
) -> None:
    connection.executemany("INSERT INTO param VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", params)
    connection.executemany(
        "INSERT INTO metric (run, key, points, nonfinite, first, last, min, max, mean, total, min_step, max_step,"
        " first_step, last_step, first_time, last_time)"
        " VALUES (?, ?, 100, 0, ?, ?, ?, ?, ?, '0:0', 0, 99, 0, 99, ?, ?)",
        metrics,
    )
    params.clear()
    metrics.clear()


def _typed(value: Any) -> tuple[str, float | None, str | None, str]:
    if isinstance(value, str):
        return "text", None, value, json.dumps(value)
    kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
    return kind, float(value), None, json.dumps(value)


def _metric(number: int, key: str, last: float, created: int) -> tuple[Any, ...]:
    figures = (last / 2, last, last * 0.4, last * 1.1, last * 0.8)
    return (number, key, *figures, created, created + 60 * 10**9)
