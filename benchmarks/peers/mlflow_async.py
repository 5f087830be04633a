"""MLflow with its asynchronous logging, which the calling thread does not wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import mlflow

from benchmarks.peers.mlflow import Driver as DirectDriver
from benchmarks.tracker import LogFunction


class Driver(DirectDriver):
    """The same file; ``log_metrics`` puts its points into a queue."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run."""
        super().begin(name, params, tags)
        return partial(mlflow.log_metrics, synchronous=False)

    def finish(self) -> None:
        """Wait for the queue, then end the run."""
        mlflow.flush_async_logging()
        super().finish()
