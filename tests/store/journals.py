"""A small writer of journals for tests, straight from docs/format.md."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackrecord.journal.format import (
    SKIPPABLE,
    Kind,
    RowEncoder,
    encode_record,
    encode_structural,
    encode_value,
    file_header,
)
from trackrecord.journal.process import this_process
from trackrecord.journal.segments import SegmentName

SECOND = 10**9
BEGAN = 1_790_000_000 * SECOND

#: a process on another machine, of which nothing can be known from here
ELSEWHERE = {"host": "elsewhere", "boot": None, "pid": 1, "pid_namespace": None, "started": None}
#: a process of this machine that has ended: its number belongs to another one now
GONE = {**this_process(), "started": "long ago"}
#: a process that wrote before this machine, or another one of its name, was started again
EARLIER_BOOT = {**this_process(), "boot": "an earlier boot"}


class Journal:
    """One writer's journal, in memory; ``segments`` holds the bytes of each segment, record by record."""

    def __init__(
        self,
        run: str = "run1",
        writer: int = 1,
        *,
        project: str = "digits",
        process: dict[str, Any] | None = None,
        time: int = BEGAN,
    ) -> None:
        self.run, self.writer, self.project = run, f"{writer:016x}", project
        self.process = ELSEWHERE if process is None else process
        self.time = time
        self.segments: list[list[bytes]] = []
        self._columns: dict[tuple[str, ...], int] = {}
        self._open()

    def say(self, kind: Kind, /, **fields: Any) -> Journal:
        """Add one structural record, one nanosecond after the one before unless ``t`` is given."""
        self.time += 1
        self.segments[-1].append(encode_structural(kind, {"t": self.time, **fields}))
        return self

    def begin(self, role: str = "begin", **fields: Any) -> Journal:
        return self.say(Kind.BEGIN, role=role, project=self.project, **fields)

    def log(
        self, values: dict[str, float], step: float, time: int | None = None, *, flags: int = 0
    ) -> Journal:
        """Add a row."""
        self.time += 1
        keys = tuple(values)
        if keys not in self._columns:
            self._columns[keys] = len(self._columns)
            self.say(Kind.COLUMNS, id=self._columns[keys], keys=[encode_value(key) for key in keys])
        encoder = RowEncoder(self._columns[keys], len(keys))
        at = self.time if time is None else time
        self.segments[-1].append(encoder.encode(step, at, list(values.values()), flags))
        return self

    def raw(self, data: bytes) -> Journal:
        self.segments[-1].append(data)
        return self

    def unknown(self, kind: int, *, skippable: bool) -> Journal:
        return self.raw(encode_record(kind, b"?", SKIPPABLE if skippable else 0))

    def rotate(self) -> Journal:
        self.say(Kind.CLOSE, next=True)
        self._open()
        return self

    def finish(self, state: str = "finished", **fields: Any) -> Journal:
        return self.say(Kind.FINISH, state=state, **fields).close()

    def close(self) -> Journal:
        return self.say(Kind.CLOSE, next=False)

    def bytes(self, n: int = 0) -> bytes:
        return b"".join(self.segments[n])

    def path(self, store: Path, n: int = 0) -> Path:
        return store / "inbox" / SegmentName(self.run, self.writer, n).file_name()

    def put(self, store: Path) -> Journal:
        """Write all segments into the inbox of a store."""
        for n in range(len(self.segments)):
            self.put_part(store, n, len(self.bytes(n)))
        return self

    def put_part(self, store: Path, n: int, size: int) -> None:
        """Let a segment's file grow to ``size`` bytes."""
        (store / "inbox").mkdir(parents=True, exist_ok=True)
        path = self.path(store, n)
        have = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(self.bytes(n)[have:size])
            os.fsync(file.fileno())

    def _open(self) -> None:
        n = len(self.segments)
        self.segments.append([file_header()])
        self._columns = {}
        self.say(
            Kind.SEGMENT,
            run=self.run,
            writer=self.writer,
            n=n,
            made_by="trackrecord test",
            project=self.project,
            path="",
            process=self.process,
        )


def curve(
    run: str = "run1", writer: int = 1, points: int = 10, keys: Sequence[str] = ("loss",), **more: Any
) -> Journal:
    """Return a journal of a finished run that logged ``key`` = 1 / (1 + step)."""
    journal = Journal(run, writer, **more).begin(name=f"name of {run}", tags=["test"], user="ada")
    journal.say(Kind.PARAMS, params={"lr": 0.1, "model": "mlp"})
    for step in range(points):
        journal.log(dict.fromkeys(keys, 1 / (1 + step)), step)
    return journal.finish()
