"""Telling a person where the page is, and opening it for them."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser

from trackrecord.cli.grid import print_line
from trackrecord.cli.session import Session


def announce(session: Session, address: str, *, open_browser: bool) -> None:
    """Print the address of the page and, where a person sits in front of a display, open it."""
    print_line(session.console, f"Trackrecord is at {address}", "bold")
    print_line(session.console, "Ctrl-C ends it.", "dim")
    sys.stdout.flush()
    if open_browser and has_display():
        # A browser may take seconds to say that it has started; the server answers meanwhile.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def is_attended() -> bool:
    """Tell whether a person sits in front of this command."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def has_display() -> bool:
    """Tell whether opening a browser would show it to whoever called us."""
    if not is_attended() or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
