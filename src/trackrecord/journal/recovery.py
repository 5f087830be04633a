"""What a writer does while its disk takes nothing: records wait in memory, and go into a new segment when they can."""

from __future__ import annotations

from collections.abc import Callable

from trackrecord.journal.column_sets import ColumnSets
from trackrecord.journal.format import Kind
from trackrecord.journal.segment_row import OpenSegment, SegmentRow

#: what is kept in memory while the disk takes nothing
LARGEST_BACKLOG = 64 << 20
#: further room for what is neither a row nor content: the end of the run and its problems have to get through
BACKLOG_FOR_WORDS = 1 << 20

#: kinds of which there may be any number
_BULKY = frozenset((Kind.COLUMNS, Kind.ROW, Kind.CONTENT, Kind.CONSOLE))


class Recovery:
    """The records of one writer that wait for the disk, and how they get there.

    While ``trouble`` is set no logging thread tries the disk; only the background thread does, through
    ``new_segment`` and ``write_waiting``.
    """

    def __init__(self) -> None:
        #: records that could not be kept
        self.lost = 0
        #: the last error of the disk, while it lasts
        self.trouble: OSError | None = None
        self._waiting: list[bytes] = []
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many records wait."""
        return len(self._waiting)

    def keep(self, record: bytes) -> None:
        """Let a record wait; one for which there is no room is counted in ``lost``."""
        room = LARGEST_BACKLOG if record[8] in _BULKY else LARGEST_BACKLOG + BACKLOG_FOR_WORDS
        if self._bytes + len(record) > room:
            self.lost += 1
            return
        self._waiting.append(record)
        self._bytes += len(record)

    def new_segment(self, segments: SegmentRow) -> OpenSegment | None:
        """Make a new segment's file, and the inbox too where it is gone. None, with ``trouble``, when it can't be.

        May take long: not to be called with a lock held that a logging thread takes.
        """
        try:
            try:
                return segments.create()
            except FileNotFoundError:
                segments.make_inbox()
                return segments.create()
        except OSError as error:
            self.trouble = error
            return None

    def write_waiting(
        self, append: Callable[[bytes], None], segments: SegmentRow, columns: ColumnSets
    ) -> None:
        """Hand what waits to ``append``, in order, each row with its columns where the segment lacks them.

        Where the disk fills up again, ``append`` lets its record wait anew, and all later ones go behind it.
        """
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        declared: set[int] = set()
        segment = segments.path
        for position, record in enumerate(waiting):
            append(columns.before(record, declared) + record)
            if segments.path != segment:  # rotated: the next segment knows no columns yet
                segment = segments.path
                declared.clear()
            if self._waiting:
                for later in waiting[position + 1 :]:
                    self.keep(later)
                return
