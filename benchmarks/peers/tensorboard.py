"""TensorBoard's own writer, ``tensorboard.summary.Writer``: needs neither TensorFlow nor torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """A folder a run; params and tags as a text, since its writer knows neither."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._loaded: dict[str, EventAccumulator] = {}

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Open a writer; a call is one ``add_scalar`` a metric."""
        from tensorboard.summary import Writer

        self._writer = Writer(str(self.folder / name))
        if params or tags:
            Path(self.folder / name / "params.json").write_text(
                json.dumps([params, list(tags)]), encoding="utf-8"
            )
        add = self._writer.add_scalar

        def log(values: Mapping[str, float], step: int) -> None:
            for key, value in values.items():
                add(key, value, step=step)

        return log

    def finish(self) -> None:
        """Close the writer."""
        self._writer.close()

    def _load(self, name: str, size: int) -> EventAccumulator:
        events = EventAccumulator(str(self.folder / name), size_guidance={"scalars": size, "tensors": size})
        events.Reload()
        return events

    def _points(self, events: EventAccumulator, metric: str) -> list[tuple[int, float]]:
        from tensorboard.util import tensor_util

        if metric in events.Tags()["scalars"]:
            return [(each.step, each.value) for each in events.Scalars(metric)]
        return [
            (each.step, float(tensor_util.make_ndarray(each.tensor_proto))) for each in events.Tensors(metric)
        ]

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Read with EventAccumulator, all points kept."""
        import numpy as np

        found = np.array(self._points(self._load(name, 0), metric), dtype=np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:
        """Load once as its page does, a random sample of ``pixels`` points a run; afterwards read that sample."""
        for name in names:
            if name not in self._loaded:
                self._loaded[name] = self._load(name, pixels)
        return sum(len(self._points(self._loaded[name], metric)) for name in names)
