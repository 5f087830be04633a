"""The segments that wait in an inbox."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from trackrecord.journal.segments import SegmentName, parse_segment_name


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's file, as it was when the folder was looked through. ``changed`` is its time of change, in ns."""

    name: SegmentName
    path: str
    size: int
    changed: int
    #: a later segment of the same writer is there, so the writer has given this one up
    followed: bool


def find_segments(inbox: Path) -> list[Segment]:
    """Return the segments in a folder, in the order of (run, writer, n); whatever else is there is left alone.

    Costs the number of files in the folder. A folder that is not there is empty.
    """
    found: list[tuple[SegmentName, str, os.stat_result]] = []
    try:
        with os.scandir(inbox) as entries:
            for entry in entries:
                name = parse_segment_name(entry.name)
                if name is not None and (state := _stat(entry)) is not None:
                    found.append((name, entry.path, state))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found.sort(key=lambda item: item[0])
    segments = []
    for index, (name, path, state) in enumerate(found):
        followed = index + 1 < len(found) and found[index + 1][0][:2] == name[:2]
        segments.append(Segment(name, path, state.st_size, state.st_mtime_ns, followed))
    return segments


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        # a path's own size: on Windows what a folder says of its files may be old
        state = os.stat(entry.path)  # noqa: PTH116
    except OSError:
        return None  # another ingester was quicker, or it leads nowhere
    # reading from a pipe or a device would never end
    return state if stat.S_ISREG(state.st_mode) else None
