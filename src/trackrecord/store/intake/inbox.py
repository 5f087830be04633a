"""The segments that wait in an inbox."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from trackrecord.journal.segments import NO_RUN, SegmentName, parse_segment_name

#: a UUIDv7 begins with its milliseconds since 1970
_UUID7 = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's file, as it was when it was looked at. ``changed`` is its time of change, in ns."""

    name: SegmentName
    path: str
    size: int
    changed: int
    #: a later segment of the same writer is there, so the writer has given this one up
    followed: bool
    #: no other segment of its run is there
    alone: bool


def find_segments(inbox: Path) -> list[Segment]:
    """Return the segments in a folder, in the order of ``waiting_names``; whatever else is there is left alone.

    Costs the number of files in the folder. A folder that is not there is empty.
    """
    names = waiting_names(inbox)
    return [segment for _, segment in look_at(inbox, names, 0, len(names))]


def waiting_names(inbox: Path) -> list[SegmentName]:
    """Return the names of the segments in a folder: what is about no run first, then the newest runs first.

    Of one run they are in the order of (writer, n). When a run began is known from its id; of an id that does not
    say it, the latest change of its files counts.
    """
    found: list[SegmentName] = []
    began: dict[str, int] = {}
    try:
        with os.scandir(inbox) as entries:
            for entry in entries:
                name = parse_segment_name(entry.name)
                if name is None:
                    continue
                found.append(name)
                if name.run == NO_RUN:
                    began[name.run] = 1 << 62
                elif _UUID7.match(name.run):
                    began[name.run] = int(name.run[:12], 16)
                else:
                    state = _state(entry.path)
                    changed = 0 if state is None else state.st_mtime_ns // 10**6
                    began[name.run] = max(began.get(name.run, 0), changed)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found.sort(key=lambda name: (-began[name.run], name))
    return found


def look_at(inbox: Path, names: list[SegmentName], begin: int, end: int) -> list[tuple[int, Segment]]:
    """Return the files of ``names[begin:end]`` as they are now, each with its index; files that are gone are left out.

    ``names`` are what ``waiting_names`` returned, or in any order.
    """
    folder = os.fspath(inbox)
    segments = []
    for index in range(begin, end):
        name = names[index]
        path = os.path.join(folder, name.file_name())  # noqa: PTH118 - a hundred thousand times
        state = _state(path)
        if state is not None:
            behind = names[index + 1] if index + 1 < len(names) else None
            alone = (behind is None or behind.run != name.run) and (
                index == 0 or names[index - 1].run != name.run
            )
            followed = behind is not None and behind[:2] == name[:2]
            segments.append((index, Segment(name, path, state.st_size, state.st_mtime_ns, followed, alone)))
    return segments


def _state(path: str) -> os.stat_result | None:
    try:
        # the file itself: what a folder says of it may be old on Windows, and a link may lead out of the store
        state = os.lstat(path)
    except OSError:
        return None  # another ingester was quicker, or it leads nowhere
    # reading from a pipe or a device would never end
    return state if stat.S_ISREG(state.st_mode) else None
