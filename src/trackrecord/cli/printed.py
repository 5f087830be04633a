"""What a run printed, shown again: its colours are kept, everything else that steers a terminal is not."""

from __future__ import annotations

import re

from rich.ansi import AnsiDecoder
from rich.text import Text

#: escape sequences other than colours: cursor movements, titles, clipboard, ...
_STEERING = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-ln-~]|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-Z\\`-~])"
)
#: control codes, and the beginning of a sequence that is no colour
_CONTROLS = re.compile(r"\x1b(?!\[[0-9;:]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


def printed_text(text: str) -> Text:
    """Return a piece of console output as a person saw it at the end.

    A carriage return begins the line again, so that of a progress bar its last state stays.

    >>> printed_text("10%\\r100%\\n").plain
    '100%\\n'
    """
    return Text("\n").join(_lines(text))


def _lines(text: str) -> list[Text]:
    decoder = AnsiDecoder()
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        seen = line.rstrip("\r").rpartition("\r")[2]
        clean = _CONTROLS.sub("", _STEERING.sub("", seen))
        # A colour may begin before the carriage return, and the decoder carries it over from line to line.
        decoded = list(decoder.decode(clean)) or [Text()]
        lines.append(decoded[0])
    return lines
