"""The time that records carry: nanoseconds since 1970 in 64 bits, whatever the machine's clock says."""

from __future__ import annotations

import time

LATEST_NS = (1 << 63) - 1


def now_ns() -> int:
    """Return the time now; of a clock that is set before 1677 or after 2262 the nearest time that can be kept."""
    return max(-LATEST_NS, min(LATEST_NS, time.time_ns()))


def is_out_of_range() -> bool:
    """Tell whether the clock shows a time that can't be kept."""
    return abs(time.time_ns()) > LATEST_NS
