"""How values read in a terminal: numbers short and aligned, texts on one line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

#: decimals of a column of ordinary fractions
_DECIMALS = 4


def format_value(value: Any) -> str:
    """Return any param or result as one line of text.

    >>> format_value(0.1), format_value(100), format_value(None), format_value([64, 32]), format_value(1e-7)
    ('0.1', '100', 'none', '[64, 32]', '1e-07')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, (list, tuple, dict)):
        return one_line(json.dumps(value, ensure_ascii=False))
    return one_line(str(value))


def one_line(text: str) -> str:
    """Return a text without line ends and control codes: what was logged may not steer the terminal.

    >>> one_line("two\\nlines \\x1b[2J")
    'two lines ?[2J'
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def format_number(value: float) -> str:
    """Return a number with up to six significant digits.

    >>> format_number(0.93333333), format_number(float("nan")), format_number(float("-inf")), format_number(12.0)
    ('0.933333', 'NaN', '-Infinity', '12')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"{value:.6e}"
    return f"{value:.6g}"


def number_format(values: Iterable[Any]) -> str:
    """Return the format that suits a whole column of numbers, so that their points stand below each other.

    >>> number_format([0.9, 1.0, 0.12345])
    '.4f'
    >>> number_format([19.0, 20.0])
    '.0f'
    """
    sizes = [abs(value) for value in values if isinstance(value, float) and math.isfinite(value) and value]
    if not sizes:
        return "g"
    if max(sizes) > 1 and all(size.is_integer() and size < 10**12 for size in sizes):
        return ".0f"
    if min(sizes) >= 10.0**-_DECIMALS * 5 and max(sizes) < 10**6:
        whole_digits = len(str(int(max(sizes))))
        return f".{max(1, _DECIMALS + 1 - whole_digits)}f"
    return ".4g"


def in_format(value: Any, how: str) -> str:
    """Return a value of a column; whole numbers, NaN and texts stay what they are."""
    if isinstance(value, float) and math.isfinite(value):
        return format(value, how)
    return format_value(value)


def format_size(size: int) -> str:
    """Return a number of bytes for people.

    >>> format_size(512), format_size(2048), format_size(5_300_000)
    ('512 B', '2.0 KiB', '5.1 MiB')
    """
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    >>> count_of(1, "run"), count_of(1284, "run")
    ('1 run', '1,284 runs')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
