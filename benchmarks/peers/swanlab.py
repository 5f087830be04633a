"""SwanLab in its offline mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import swanlab

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """Records with ``swanlab.init``; reads its ``.swanlab`` file with its own reader, that of ``swanlab sync``."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        swanlab.init(
            project="benchmark",
            name=name,
            config=dict(params or {}),
            tags=list(tags),
            mode="offline",
            log_dir=str(self.folder),
        )
        log: LogFunction = swanlab.log
        return log

    def finish(self) -> None:
        """End it."""
        swanlab.finish()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Scan the files for the run's name, then for its points."""
        import numpy as np
        from swanlab.proto.swanlab.record.v1.record_pb2 import Record
        from swanlab.sdk.internal.core_python.store import DataStoreReader

        for path in self.folder.glob("run-*/*.swanlab"):
            steps: list[int] = []
            values: list[float] = []
            named = False
            reader = DataStoreReader()
            reader.open(path)
            while (payload := _next(reader)) is not None:
                record = Record()
                record.ParseFromString(payload)
                if record.HasField("start"):
                    if record.start.name != name:
                        break
                    named = True
                elif record.HasField("scalar") and record.scalar.key == metric:
                    steps.append(record.scalar.step)
                    values.append(record.scalar.value.number)
            reader.close()
            if named:
                return np.array(steps), np.array(values)
        return np.array([]), np.array([])


def _next(reader: Any) -> bytes | None:
    """Return the next record; the reader asserts at a torn tail, which is where what can be read ends."""
    try:
        payload: bytes | None = reader.scan()
    except (AssertionError, swanlab.exceptions.DataStoreError):
        return None
    return payload
