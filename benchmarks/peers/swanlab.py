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

    def history(self, name: str, metric: str) -> tuple[Any, Any]:  # noqa: ARG002 (asked of folders of one run only)
        """Scan the file of the only run there."""
        import numpy as np
        from swanlab.proto.swanlab.record.v1.record_pb2 import Record
        from swanlab.sdk.internal.core_python.store import DataStoreReader

        steps: list[int] = []
        values: list[float] = []
        (path,) = self.folder.glob("run-*/*.swanlab")
        reader = DataStoreReader()
        reader.open(path)
        while (payload := _next(reader)) is not None:
            record = Record()
            record.ParseFromString(payload)
            for field, scalar in record.ListFields():
                if field.name == "scalar" and scalar.key == metric:
                    steps.append(scalar.step)
                    values.append(scalar.value.number)
        return np.array(steps), np.array(values)


def _next(reader: Any) -> bytes | None:
    """Return the next record; the reader asserts at a torn tail, which is where what can be read ends."""
    try:
        payload: bytes | None = reader.scan()
    except (AssertionError, swanlab.exceptions.DataStoreError):
        return None
    return payload
