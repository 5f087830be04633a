"""Memory that is free, but kept by the C library for the next time, goes back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Give free memory back where the C library can (glibc); does nothing elsewhere.

    What taking in needed for a moment would otherwise count as the server's memory for as long as it idles.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return
    trim(ctypes.c_size_t(0))
