"""Many journals of finished runs that nobody has looked at yet, made quickly through the journal's own encoder.

Each run has 10 params, 3 tags, and 30 points of 3 metrics logged together, and is one closed segment.

As a program it fills the inbox of a store: ``python -m tests.store.many_runs STORE COUNT``.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from trackrecord.journal.format import Kind, RowEncoder, encode_structural, file_header
from trackrecord.journal.process import this_process
from trackrecord.journal.segments import SegmentName

MINUTE = 60 * 10**9
#: when the first of the runs began; each one begins a second after the one before it
BEGAN = 1_790_000_000 * 10**9
POINTS, METRICS = 30, ("train/loss", "val/loss", "val/accuracy")

#: a process that has ended long ago, on a machine of which nothing can be known from here
_PROCESS = {**this_process(), "host": "gpu7", "boot": "5f0d2f2e-0b0d-4b1c-8f3e-6a6c2b1d9e10"}
_ROWS = RowEncoder(0, len(METRICS))


def run_id(number: int) -> str:
    """Return the id of a run that began ``number`` seconds after the first one: a UUIDv7 in hex."""
    milliseconds = BEGAN // 10**6 + 1000 * number
    return f"{milliseconds:012x}7{number % 4096:03x}8{number * 0x9E3779B97F4A7 % (1 << 60):015x}"


def journal(number: int) -> tuple[str, bytes]:
    """Return the file name and the bytes of the journal of one run."""
    run, writer, began = run_id(number), f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}", _began(number)
    name = SegmentName(run, writer, 0).file_name()
    records = [
        file_header(),
        encode_structural(
            Kind.SEGMENT,
            {"t": began, "run": run, "writer": writer, "n": 0, "made_by": "trackrecord 0.1.0",
             "project": f"project {number % 5}", "path": "", "process": {**_PROCESS, "pid": 1000 + number}},
        ),
        encode_structural(
            Kind.BEGIN,
            {"t": began, "role": "begin", "project": f"project {number % 5}", "name": f"brave-otter-{number}",
             "group": f"sweep {number % 50}", "experiment": None, "parent": None,
             "tags": ["sweep", f"seed {number % 10}", "small"], "notes": None, "hypothesis": None, "user": "ada",
             "host": "gpu7", "command": ["train.py", "--seed", str(number % 10)], "created": began},
        ),
        encode_structural(
            Kind.PARAMS,
            {"t": began + 1, "params": {
                "optimizer.lr": 10 ** (-1 - number % 997 / 250), "optimizer.name": ("adam", "sgd")[number % 2],
                "batch_size": 16 << number % 5, "seed": number % 10, "depth": number % 12, "width": 64 * (number % 9),
                "dropout": number % 7 / 10, "dataset": "digits", "augment": number % 3 == 0, "epochs": POINTS}},
        ),
        encode_structural(Kind.COLUMNS, {"t": began + 2, "id": 0, "keys": list(METRICS)}),
    ]  # fmt: skip
    rate = 0.05 + number % 13 / 100
    for step in range(POINTS):
        loss = math.exp(-rate * step) + (number * 31 + step * 17) % 101 / 5000
        records.append(
            _ROWS.encode(step, began + (step + 1) * 10**9, (loss, loss * 1.1, 1 - loss / (1 + number % 3)))
        )
    ended = began + MINUTE
    records += [
        encode_structural(Kind.SUMMARY, {"t": ended - 1, "summary": {"best/accuracy": 1 - rate}}),
        encode_structural(
            Kind.FINISH, {"t": ended, "state": "finished", "exit_code": None, "traceback": None}
        ),
        encode_structural(Kind.CLOSE, {"t": ended + 1, "next": False}),
    ]
    return name, b"".join(records)


def fill_inbox(store: Path, count: int, first: int = 0) -> None:
    """Put the journals of ``count`` runs into the inbox of the store in a folder, which is made if need be."""
    inbox = store / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        name, data = journal(number)
        (inbox / name).write_bytes(data)


def _began(number: int) -> int:
    return BEGAN + number * 10**9


if __name__ == "__main__":
    fill_inbox(Path(sys.argv[1]), int(sys.argv[2]))
