"""Read what is new in a segment, a piece at a time, however great the segment is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from trackrecord.journal.bulk import Batch, read_batch
from trackrecord.journal.format import FILE_HEADER, LONGEST_PAYLOAD, RECORD_HEADER
from trackrecord.journal.reader import Damage, check_file_header
from trackrecord.journal.resync import QuickRecords


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is read at a time: usually, and where a record may be longer than that."""

    piece: int = 8 << 20
    longest: int = RECORD_HEADER.size + LONGEST_PAYLOAD + 8


@dataclass(slots=True)
class Piece:
    """Some records of a segment. ``at_end`` says that the file held nothing more when it was read."""

    batch: Batch
    at_end: bool


class SegmentReader:
    """Reads one segment from where it has been taken in so far.

    ``next_piece`` may be asked again while its answer is not ``at_end``; it goes on behind the batch before. What comes
    out does not depend on the sizes.
    """

    def __init__(
        self,
        file: BinaryIO,
        taken: int = 0,
        columns: dict[int, tuple[str, ...]] | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        self._file = file
        self._position = taken
        self._columns = columns or {}
        self._sizes = sizes or Sizes()

    def next_piece(self, *, final: bool = False, quiet: bool = False) -> Piece | None:
        """Return the next records; None when there is not even the beginning of a segment.

        ``final`` and ``quiet`` are as in ``reader.scan``, and count at the end of the file. Raises FormatError when the
        file is no segment or is made for newer readers.
        """
        size = self._sizes.piece
        while True:
            data = self._read(self._position, size)
            if self._position == 0 and not check_file_header(data):
                return None
            at_end = len(data) < size
            batch = read_batch(
                data,
                base=self._position,
                columns=self._columns,
                final=final and at_end,
                quiet=quiet and at_end,
            )
            if not at_end and batch.gap is not None:
                # where it goes on behind a gap is sure only when nothing before can be a record that is cut here
                batch = read_batch(
                    data[: batch.gap - self._position], base=self._position, columns=self._columns
                )
            if (
                at_end
                or batch.end > max(self._position, FILE_HEADER.size)
                or batch.not_understood is not None
            ):
                break
            if size >= self._sizes.longest + self._sizes.piece:
                batch, at_end = self._behind_damage(batch, final=final)
                break
            size = min(2 * size, self._sizes.longest + self._sizes.piece)
        self._position, self._columns = batch.end, batch.columns
        return Piece(batch, at_end)

    def _behind_damage(self, batch: Batch, *, final: bool) -> tuple[Batch, bool]:
        """Go on at the next whole record; whatever its size, none begins where the batch ends."""
        begin = batch.end
        position = begin + 1
        window = self._sizes.longest + self._sizes.piece
        while True:
            data = self._read(position, window)
            at_end = len(data) < window
            found = QuickRecords(data).next_from(0)
            if found is not None and (at_end or found < self._sizes.piece):
                batch.damage.append(Damage(begin, position + found - begin))
                batch.end = position + found
                return batch, False
            if at_end:
                if final:
                    batch.end = position + len(data)
                    batch.damage.append(Damage(begin, batch.end - begin))
                return batch, True
            position += self._sizes.piece

    def _read(self, position: int, size: int) -> bytes:
        while True:
            # room for one byte more than there is: a read of the usual size would take its memory first
            room = min(size, max(self._file.seek(0, os.SEEK_END) - position, 0) + 1)
            self._file.seek(position)
            data = self._file.read(room)
            if len(data) < room or room == size:
                return data
