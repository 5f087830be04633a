"""The limit: pack the numbers and write them, one ``os.write`` a call, and nothing else."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tracker import LogFunction, Tracker


class Driver(Tracker):
    """A file a run, of rows of step, time and the values in the order of the first call."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Open the file, with params and tags as one line."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = file = os.open(self.folder / f"{name.replace('/', '_')}.rows", flags)
        if params or tags:
            os.write(file, repr((params, tags)).encode())
        write, clock = os.write, time.time_ns
        packs: dict[int, Any] = {}

        def log(values: Mapping[str, float], step: int) -> None:
            pack = packs.get(len(values))
            if pack is None:
                pack = packs[len(values)] = struct.Struct(f"<qq{len(values)}d").pack
            write(file, pack(step, clock(), *values.values()))

        return log

    def finish(self) -> None:
        """Close the file."""
        os.close(self._file)
