"""Finds the Chromium that drives the page, as scripts/find_browser.sh does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    chosen = os.environ.get("TRACKRECORD_CHROMIUM")
    if chosen:
        return chosen
    for name in ("/usr/bin/chromium", "chromium", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    for place in ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome"):
        if Path("/Applications", place).exists():
            return f"/Applications/{place}"
    return None
