"""Who changes something."""

from __future__ import annotations

import getpass
import os


def who_asks() -> str:
    """Return ``$TRACKRECORD_USER``, else the user's name in the operating system; empty where there is neither."""
    said = os.environ.get("TRACKRECORD_USER", "").strip()
    if said:
        return said
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""  # a container whose user has no name
