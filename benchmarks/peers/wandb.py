"""W&B in offline mode: everything into one ``.wandb`` file a run, to be synced later."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import wandb
from wandb.proto import wandb_internal_pb2

from benchmarks.tracker import LogFunction, Tracker

_BLOCK, _HEADER = 32_768, 7
_FULL, _LAST = 1, 4


class Driver(Tracker):
    """Read back with W&B's own messages: its only reader of offline files is ``wandb sync``, which needs its server."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project="benchmark",
            name=name,
            config=dict(params or {}),
            tags=list(tags),
            mode="offline",
            dir=str(self.folder),
            settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),
        )
        log: LogFunction = self._run.log
        return log

    def finish(self) -> None:
        """End it."""
        self._run.finish()

    def close(self) -> None:
        """End its service process."""
        wandb.teardown()

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Scan the files for the run's name, then for its points."""
        import numpy as np

        for path in sorted(self.folder.glob("wandb/offline-run-*/*.wandb")):
            steps: list[int] = []
            values: list[float] = []
            named = False
            for payload in _records(path.read_bytes()):
                record = wandb_internal_pb2.Record()
                record.ParseFromString(payload)
                kind = record.WhichOneof("record_type")
                if kind == "run":
                    named = named or record.run.display_name == name
                elif kind == "history":
                    items = {item.key or "/".join(item.nested_key): item for item in record.history.item}
                    if metric in items:
                        steps.append(record.history.step.num)
                        values.append(float(json.loads(items[metric].value_json)))
            if named:
                return np.array(steps), np.array(values)
        return np.array([]), np.array([])


def _records(data: bytes) -> Iterator[bytes]:
    """Yield whole records of a file in the log format of LevelDB, after its header of 7 bytes."""
    position, parts = _HEADER, []
    while position + _HEADER <= len(data):
        left = _BLOCK - position % _BLOCK
        if left < _HEADER:
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        position += _HEADER
        if position + length > len(data) or not _FULL <= kind <= _LAST:
            return
        parts.append(data[position : position + length])
        position += length
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []
