"""The progress bar of a big inbox."""

from __future__ import annotations

import io
import re

import pytest

from tests.cli.conftest import Call
from trackrecord.cli.intake import intake_bar


class _Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_bar_shows_how_far_it_is_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the bar counts journals, and at the end its line is erased."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = _Terminal()
    with intake_bar(stream, patience_s=0) as tell:
        assert tell is not None
        for done in (0, 1200, 3000):
            tell(done, 3000)
    shown = stream.getvalue()

    assert "Taking in new journals" in shown
    assert re.search(r"0/3000", shown)
    assert re.search(r"3000/3000", shown)
    # "erase the line" is the last word
    assert shown.rstrip("\r\n").endswith("\x1b[2K")


def test_quick_intake_shows_nothing() -> None:
    """What is over within a second is not worth a bar."""
    stream = _Terminal()
    with intake_bar(stream, patience_s=1000) as tell:
        assert tell is not None
        tell(0, 2)
        tell(2, 2)
    assert stream.getvalue() == ""


def test_nothing_where_nobody_watches(call: Call) -> None:
    """Where standard error is no terminal nothing is said of progress."""
    stream = io.StringIO()
    with intake_bar(stream, patience_s=0) as tell:
        assert tell is None
    assert stream.getvalue() == ""
    assert call("ls").stderr == ""
