"""Names of segment files."""

from __future__ import annotations

import re
from typing import NamedTuple

#: the run id of journals that are about a project and no run of it
NO_RUN = "-"
_NAME = re.compile(r"(?P<run>[A-Za-z0-9_-]{1,64})\.(?P<writer>[0-9a-f]{16})\.(?P<n>[0-9]{1,9})\.journal\Z")


class SegmentName(NamedTuple):
    """Which part of which journal a file is."""

    run: str
    writer: str
    n: int

    def file_name(self) -> str:
        """Return the name of the file in an inbox.

        >>> SegmentName("r1", "00ff00ff00ff00ff", 3).file_name()
        'r1.00ff00ff00ff00ff.3.journal'
        """
        return f"{self.run}.{self.writer}.{self.n}.journal"


def parse_segment_name(file_name: str) -> SegmentName | None:
    """Return what a file name says, or None when it is no segment's."""
    match = _NAME.match(file_name)
    return SegmentName(match["run"], match["writer"], int(match["n"])) if match else None
