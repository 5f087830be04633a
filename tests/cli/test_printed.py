"""Console output and names shown again: nothing that was logged steers the reader's terminal."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.cli.numbers import one_line
from trackrecord.cli.printed import printed_text
from trackrecord.cli.session import Session
from trackrecord.shapes.encoding import json_bytes


def test_colours_stay_and_steering_goes() -> None:
    """Colours are kept as styles; cursor movements, titles and clipboard writes are dropped."""
    text = printed_text("\x1b[31mred\x1b[0m \x1b[2Jgone \x1b]0;title\x07\x1b]52;c;AAAA\x07kept\n")

    assert text.plain == "red gone kept\n"
    assert any("red" in str(span.style) or "color" in str(span.style) for span in text.spans)


def test_progress_bar_shows_its_last_state() -> None:
    """A line that was written over and over shows what stood there at the end."""
    assert printed_text("10%\r50%\r100%\r\ndone\n").plain == "100%\ndone\n"


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_escape_gets_through(text: str) -> None:
    """No control code but the end of a line and a tab is ever left."""
    for character in printed_text(text).plain:
        assert character in "\n\t" or ord(character) >= 32
    assert one_line(text).isprintable()


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_escape_gets_through_as_json(text: str) -> None:
    """JSON holds every control code escaped, those beyond ASCII too, and says the same text."""
    encoded = json_bytes({text: [text]})
    assert not [each for each in encoded.decode() if ord(each) < 32 or 0x80 <= ord(each) < 0xA0]
    assert msgspec.json.decode(encoded) == {text: [text]}


def test_error_messages_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names in a message keep their letters and lose what a terminal would obey; lines stay lines."""
    Session().say_error("Several runs fit:\n  x\x1b]0;title\x07y \u202e\x9b31m")
    assert capsys.readouterr().err == "Error: Several runs fit:\n  x?]0;title?y ??31m\n"
