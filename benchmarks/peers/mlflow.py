"""MLflow, as a user writes it: ``mlflow.start_run``, ``log_params``, ``set_tags``, ``log_metrics``, ``end_run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """MLflow on its own SQLite file, without a server."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.address())
        mlflow.set_experiment("benchmark")

    def address(self) -> str:
        """Return the tracking URI."""
        return f"sqlite:///{self.folder}/mlflow.db"

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run; its tags become tags with the value "true"."""
        mlflow.start_run(run_name=name)
        if params:
            mlflow.log_params(dict(params))
        if tags:
            mlflow.set_tags(dict.fromkeys(tags, "true"))
        log: LogFunction = mlflow.log_metrics
        return log

    def finish(self) -> None:
        """End the run."""
        mlflow.end_run()

    def _run_id(self, name: str) -> str:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name("benchmark").experiment_id
        runs = client.search_runs([experiment], f"attributes.run_name = '{name}'", max_results=1)
        return str(runs[0].info.run_id)

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read ``get_metric_history``."""
        import numpy as np

        found = mlflow.MlflowClient().get_metric_history(self._run_id(name), metric)
        count = len(found)
        return (
            np.fromiter((each.step for each in found), np.int64, count),
            np.fromiter((each.value for each in found), np.float64, count),
        )

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:  # noqa: ARG002 (it does not thin)
        """Read whole histories, which is what its client offers."""
        return sum(len(self.history(name, metric)[0]) for name in names)
