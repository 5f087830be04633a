"""What somebody else may do to an open segment's file, and what can be had out of it then."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from enum import Enum, auto

from trackrecord.journal.format import RECORD_HEADER, SYNC


class Place(Enum):
    """What became of an open segment's file."""

    AS_IT_WAS = auto()
    #: deleted, or moved away
    GONE = auto()
    #: somebody else made it shorter
    CUT = auto()
    #: the descriptor is another file's: somebody closed ours
    NOT_OURS = auto()


def find_place(file: int, path: str, size: int, identity: tuple[int, int]) -> Place:
    """Tell what became of the file to which ``size`` bytes were written; as it was while that can't be known."""
    try:
        here = os.fstat(file)
        if (here.st_dev, here.st_ino) != identity:
            return Place.NOT_OURS
        if here.st_size < size:
            return Place.CUT
        there = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):  # the latter: a file has taken the inbox's place
        return Place.GONE
    except OSError as error:
        # a server that does not answer says nothing about the file
        return Place.NOT_OURS if error.errno == errno.EBADF else Place.AS_IT_WAS
    return Place.AS_IT_WAS if (there.st_dev, there.st_ino) == identity else Place.GONE


def whole_records(content: bytes) -> Iterator[bytes]:
    """Yield the whole records in bytes that may begin and end anywhere."""
    place = content.find(SYNC)
    while 0 <= place <= len(content) - RECORD_HEADER.size:
        _, crc, _, _, _, length = RECORD_HEADER.unpack_from(content, place)
        end = place + RECORD_HEADER.size + length
        if end <= len(content) and zlib.crc32(content[place + 8 : end]) == crc:
            yield content[place:end] + bytes(-length % 8)
            place = content.find(SYNC, end)
        else:
            place = content.find(SYNC, place + 1)
