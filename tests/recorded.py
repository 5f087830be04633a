"""What a recording process left in a store's inbox, and running such processes where nothing of theirs escapes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trackrecord.journal.bulk import Batch, Rows, read_batch
from trackrecord.journal.format import Kind
from trackrecord.journal.reader import Record, check_file_header
from trackrecord.journal.segments import SegmentName, parse_segment_name

SOURCE = Path(__file__).parent.parent / "src"
#: what could make a child process of a test behave otherwise than the test says
_OURS = ("TRACKRECORD_", "RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_", "OMPI_", "PMI_", "PYTHON", "XDG_")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return variables for a process that keeps everything below ``folder``: its store is ``folder/store``."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "TMPDIR": str(home),
        "TRACKRECORD_STORE": str(folder / "store"),
        "PYTHONPATH": str(SOURCE),
        **more,
    }


def python(
    folder: Path, script: str, *arguments: str, expect: int | None = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own and wait for it; its exit code must be ``expect``, unless that is None."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(script), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        env=environment(folder, **variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if expect is not None:
        assert done.returncode == expect, done.stdout + done.stderr
    return done


@dataclass(frozen=True)
class Segment:
    """One file of an inbox, read whole."""

    name: SegmentName
    batch: Batch


class Inbox:
    """Everything in the inbox of a store."""

    def __init__(self, store: Path) -> None:
        self.segments: list[Segment] = []
        for path in sorted((store / "inbox").iterdir()):
            name = parse_segment_name(path.name)
            assert name is not None, f"{path.name} is no segment"
            data = path.read_bytes()
            assert check_file_header(data)
            self.segments.append(Segment(name, read_batch(data, final=True)))
        self.segments.sort(key=lambda segment: (segment.name.run, segment.name.writer, segment.name.n))

    @property
    def runs(self) -> set[str]:
        return {segment.name.run for segment in self.segments}

    @property
    def writers(self) -> set[str]:
        return {segment.name.writer for segment in self.segments}

    @property
    def damage(self) -> int:
        return sum(len(segment.batch.damage) for segment in self.segments)

    def items(self) -> Iterator[Rows | Record]:
        for segment in self.segments:
            yield from segment.batch.items

    def rows(self) -> Iterator[Rows]:
        return (item for item in self.items() if isinstance(item, Rows))

    def points(self, key: str) -> list[tuple[float, float]]:
        """Return (step, value) of a metric in the order of writers and of writing."""
        found: list[tuple[float, float]] = []
        for segment in self.segments:
            placed: list[tuple[int, float, float]] = []
            for rows in segment.batch.items:
                if isinstance(rows, Rows) and key in rows.keys:
                    values = rows.values[:, rows.keys.index(key)].tolist()
                    placed += zip(rows.offsets.tolist(), rows.steps.tolist(), values, strict=True)
            found += [(step, value) for _, step, value in sorted(placed, key=lambda point: point[0])]
        return found

    def metrics(self) -> set[str]:
        return {key for rows in self.rows() for key in rows.keys if not key.startswith("system/")}

    def records(self, kind: Kind) -> list[dict[str, Any]]:
        """Return the fields of all structural records of a kind."""
        return [item.fields() for item in self.items() if isinstance(item, Record) and item.kind == kind]

    def values(self, kind: Kind, name: str) -> dict[str, Any]:
        """Return params or summary as decoded values, the first or last of a key as they come."""
        found: dict[str, Any] = {}
        for item in self.items():
            if isinstance(item, Record) and item.kind == kind:
                found.update(item.values(name))
        return found

    def problems(self) -> dict[str, int]:
        """Return how often each code of a problem was counted, all messages together."""
        last: dict[tuple[str, str], int] = {}
        for fields in self.records(Kind.PROBLEM):
            last[fields["code"], fields["message"]] = fields["count"]
        counts: dict[str, int] = {}
        for (code, _), count in last.items():
            counts[code] = counts.get(code, 0) + count
        return counts

    def console(self, stream: str = "stdout") -> str:
        """Return what was printed to a stream."""
        return "".join(r["text"] for r in self.records(Kind.CONSOLE) if r["stream"] == stream)

    def contents(self) -> dict[str, bytes]:
        """Return the bytes kept in the journals, by digest."""
        return {
            f"sha256:{item.payload[:32].hex()}": item.payload[32:]
            for item in self.items()
            if isinstance(item, Record) and item.kind == Kind.CONTENT
        }

    @property
    def state(self) -> str | None:
        """The state that the last finish record says, or None without one."""
        ends = self.records(Kind.FINISH)
        return ends[-1]["state"] if ends else None


def inbox(folder: Path) -> Inbox:
    """Read what the processes of a test left in ``folder/store``."""
    return Inbox(folder / "store")
