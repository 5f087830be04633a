"""Sacred with its file observer. A run of Sacred is a function, so each run gets a thread that waits in it."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sacred import Experiment
from sacred.observers import FileStorageObserver

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """One experiment a run; ``log_scalar`` a metric."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run, with its params as config."""
        experiment = Experiment(name.replace("/", "_"), save_git_info=False)
        experiment.captured_out_filter = lambda _text: ""
        experiment.observers.append(FileStorageObserver(str(self.folder)))
        experiment.add_config({"tags": list(tags), **(params or {})})
        started: queue.Queue[Any] = queue.Queue()
        self._end = threading.Event()
        end = self._end

        @experiment.main  # type: ignore[untyped-decorator, unused-ignore]
        def wait(_run: Any) -> None:
            started.put(_run)
            end.wait()

        options = {"--capture": "no", "--loglevel": "ERROR"}
        self._thread = threading.Thread(target=experiment.run, kwargs={"options": options}, daemon=True)
        self._thread.start()
        log_scalar = started.get(timeout=30).log_scalar

        def log(values: Mapping[str, float], step: int) -> None:
            for key, value in values.items():
                log_scalar(key, value, step)

        return log

    def finish(self) -> None:
        """End the function, so that everything is written."""
        self._end.set()
        self._thread.join()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read the JSON files."""
        import numpy as np

        for path in self.folder.glob("*/run.json"):
            if json.loads(path.read_text(encoding="utf-8"))["experiment"]["name"] == name.replace("/", "_"):
                found = json.loads(path.with_name("metrics.json").read_text(encoding="utf-8"))[metric]
                return np.array(found["steps"]), np.array(found["values"])
        return np.array([]), np.array([])
