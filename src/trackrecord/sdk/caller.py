"""How this process was called, and by whom."""

from __future__ import annotations

import os
import sys


def command_line() -> list[str]:
    """Return the command line of this process, as Python got it."""
    return list(getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv])


def user_name() -> str | None:
    """Return who runs this process: ``$TRACKRECORD_USER``, else as the system knows them."""
    for variable in ("TRACKRECORD_USER", "LOGNAME", "USER", "USERNAME"):
        if os.environ.get(variable):
            return os.environ[variable]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return None
