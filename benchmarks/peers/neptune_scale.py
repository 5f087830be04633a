"""Neptune's client in offline mode: a SQLite file of operations a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from neptune_scale import Run

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """Records with ``neptune_scale.Run``; reads the operations that ``neptune sync`` would send."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run."""
        self._run = Run(
            project="benchmark/benchmark",
            run_id=name.replace("/", "_"),
            mode="offline",
            log_directory=str(self.folder),
            enable_console_log_capture=False,
        )
        if params:
            self._run.log_configs(dict(params))
        if tags:
            self._run.add_tags(list(tags))
        log: LogFunction = self._run.log_metrics
        return log

    def finish(self) -> None:
        """Close it."""
        self._run.close()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Decode the operations of the run."""
        import numpy as np
        from neptune_api.proto.neptune_pb.ingest.v1.pub.ingest_pb2 import RunOperation  # noqa: F401
        from neptune_scale.sync.operations_repository import OperationsRepository, OperationType

        steps: list[int] = []
        values: list[float] = []
        for path in self.folder.glob(f"benchmark_benchmark_{name.replace('/', '_')}_*/*.sqlite3"):
            repository = OperationsRepository(path)
            after = None
            last = sqlite3.connect(path).execute("SELECT max(sequence_id) FROM run_operations").fetchone()[0]
            while after is None or after < (last or 0):
                operations = repository.get_operations(50_000_000, after)
                if not operations:
                    break
                after = operations[-1].sequence_id
                for operation in operations:
                    if operation.operation_type != OperationType.UPDATE_SNAPSHOT:
                        continue
                    snapshot = operation.operation
                    if metric in snapshot.append:
                        steps.append(snapshot.step.whole)
                        values.append(snapshot.append[metric].float64)
            repository.close(cleanup_files=False)
        return np.array(steps), np.array(values)
