"""MLflow's side of the benchmark of queries: many runs in its own tables, and its search over them.

The rows are written by SQL into a database that MLflow itself made, because its client would need ten minutes for
10,000 such runs; what is timed is its own ``search_runs``, in process and through its server's REST interface.
"""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow

from benchmarks.peers.mlflow_server import Driver as ServerDriver

START_MS = 1_760_000_000_000


def fill(database: Path, runs: Path, experiment: str) -> int:
    """Insert the runs of a file of JSON lines, each ``[name, params, metrics]``; return how many there were."""
    connection = sqlite3.connect(database)
    count = 0
    with connection, runs.open(encoding="utf-8") as lines:
        for count, line in enumerate(lines, 1):
            name, params, metrics = json.loads(line)
            run, start = f"{count:032x}", START_MS + count * 1000
            connection.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,"
                " start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
                " VALUES (?, ?, 'LOCAL', 'train.py', '', 'bench', 'FINISHED', ?, ?, '', 'active', ?, ?)",
                (run, name, start, start + 60_000, f"mlflow-artifacts:/{run}", experiment),
            )
            tags = {"mlflow.runName": name, "mlflow.user": "bench", "mlflow.source.name": "train.py"}
            connection.executemany(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
                [(key, value, run) for key, value in tags.items()],
            )
            connection.executemany(
                "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                [(key, str(value), run) for key, value in params.items()],
            )
            rows = [(key, value, start + 50_000, 99, 0, run) for key, value in metrics.items()]
            for table in ("metrics", "latest_metrics"):
                connection.executemany(
                    f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid)"  # noqa: S608 (own names)
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    rows,
                )
    connection.execute("ANALYZE")
    connection.close()
    return count


def search(
    folder: str, runs: str, cases: Mapping[str, Mapping[str, Any]], times: int
) -> dict[str, dict[str, float]]:
    """Fill a store with the runs of the file, then answer each case; return median ms by case.

    A case is ``{"filter": "metrics.loss > 1", "order_by": ["metrics.loss DESC"]}``. Top 50, as MLflow gives them: it
    has no count of the matches and no group-by, so neither is in its time.
    """
    server = ServerDriver(Path(folder))
    try:
        experiment = mlflow.get_experiment_by_name("benchmark").experiment_id
        filled = fill(Path(folder) / "mlflow.db", Path(runs), experiment)
        direct = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
        found: dict[str, dict[str, float]] = {}
        for name, case in cases.items():
            order = list(case["order_by"])

            def in_process(text: str = case["filter"], order: Sequence[str] = order) -> int:
                return len(direct.search_runs([experiment], text, order_by=list(order), max_results=50))

            def over_http(text: str = case["filter"], order: Sequence[str] = order) -> int:
                body = {"experiment_ids": [experiment], "filter": text, "order_by": order, "max_results": 50}
                request = urllib.request.Request(
                    f"{server.address()}/api/2.0/mlflow/runs/search",
                    json.dumps(body).encode(),
                    {"Content-Type": "application/json"},
                )
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return len(json.load(answer).get("runs", []))

            found[name] = {
                "rows": float(in_process()),
                "in_process_ms": _median_ms(in_process, times),
                "http_ms": _median_ms(over_http, times),
                "runs": float(filled),
            }
        return found
    finally:
        server.close()


def _median_ms(ask: Callable[[], int], times: int) -> float:
    ask()
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begin) * 1000)
    return sorted(took)[len(took) // 2]
