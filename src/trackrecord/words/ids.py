"""Identities of runs and writers.

A run id is a UUIDv7 as 32 lower-case hex digits, made by the client, so ids sort by
creation time. People see its last 8 digits. Imported ids keep their own form.
"""

from __future__ import annotations

import os
import re
import time

_FILE_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def new_run_id() -> str:
    """Make a new run id: a UUIDv7 (RFC 9562) as 32 lower-case hex digits.

    >>> len(new_run_id())
    32
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"


def new_writer_id() -> str:
    """Make a new writer id: 64 random bits as 16 hex digits, new at every process start."""
    return os.urandom(8).hex()


def short_id(run_id: str) -> str:
    """Return the part of a run id that people see: its last 8 characters.

    >>> short_id("0198c7a2b1c07d3e8f0123456789abcd")
    '6789abcd'
    """
    return run_id[-8:]


def is_usable_run_id(text: str) -> bool:
    """Tell whether a run id given by a user can name files: 1 to 64 letters, digits, ``_`` or ``-``."""
    return _FILE_SAFE.match(text) is not None
