"""Libraries that reading can do without: said clearly where one is missing."""

from __future__ import annotations


def not_installed(library: str, extra: str | None = None) -> ImportError:
    """Return the error that names the command which installs ``library``."""
    return ImportError(
        f"{library} is not installed; install it with: pip install 'trackrecord[{extra or library}]'",
        name=library,
    )
