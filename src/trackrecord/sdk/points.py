"""What a call of ``log()`` holds, when it is more than a plain dict of numbers.

The plain case never comes here: the writer packs it in one go and only what can't be packed is looked at one by one.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trackrecord.journal.interruption import let_through
from trackrecord.sdk.media import Media, Table, Text, recognise
from trackrecord.sdk.numbers import as_number, as_plain_list, as_text, is_whole, shown, type_name
from trackrecord.sdk.problems import Problems
from trackrecord.words.errors import UsageError
from trackrecord.words.keys import flatten, mend_key

#: longer sequences given as a metric's value are kept only as far as this
LONGEST_SEQUENCE = 100_000


class Sorted(NamedTuple):
    """The values of one call: numbers by metric, and the rest by key."""

    numbers: dict[str, float]
    media: dict[str, list[Media]]


def sort_values(values: Any, problems: Problems) -> Sorted:
    """Sort what a person handed to ``log()`` into numbers and media; what can't be kept as either is noted.

    Nested mappings nest names by ``/``. Texts and sequences of numbers are kept (as Text and Table) and noted, since
    a metric was probably meant.
    """
    numbers: dict[str, float] = {}
    media: dict[str, list[Media]] = {}
    if not isinstance(values, Mapping):
        problems.note(
            "not_a_mapping",
            f"log() was given {type_name(values)}, not a dict of metrics: {shown(values)}; it was not kept",
            'write run.log({"loss": loss}, step=step)',
        )
        return Sorted(numbers, media)
    for key, value in _leaves(values, problems).items():
        number = as_number(value)
        if number is not None:
            numbers[key] = number
            continue
        several = value if isinstance(value, (list, tuple)) and _is_recognised(value) else [value]
        kept = [one for part in several if (one := _as_media(key, part, problems)) is not None]
        if kept:
            media[key] = kept
    return Sorted(numbers, media)


def settle_step(step: Any, problems: Problems) -> int | float | None:
    """Return a usable step, or None when there is none: then the call takes the next one."""
    if step is None:
        return None
    number = as_number(step)
    if number is None or number != number or number in (float("inf"), float("-inf")):
        problems.note(
            "bad_step",
            f"the step {shown(step)} is no finite number; the next whole step was taken instead",
            "give a whole or fractional number, or leave step out",
        )
        return None
    try:
        whole: int | None = operator.index(
            step
        )  # whole numbers of numpy and others too: a float would round great ones
    except Exception as error:  # no whole number, or a foreign object's own trouble
        let_through(error)
        whole = int(number) if is_whole(number) else None
    return number if whole is None or not -(1 << 63) <= whole < 1 << 63 else whole


def _leaves(values: Mapping[Any, Any], problems: Problems) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in flatten(values, "/"):
        name, reason = mend_key(key)
        if reason:
            problems.note("bad_key", f"log(): {reason}")
        if name in leaves:
            problems.note("same_key", f"log(): {name!r:.80} came twice in one call; the later value was kept")
        leaves[name] = value
    return leaves


def _is_recognised(values: Sequence[Any]) -> bool:
    """Tell whether a list is one of images, figures, ...: each is then kept under the same name and step."""
    try:
        return bool(values) and all(recognise(value) is not None for value in values)
    except Exception as error:  # foreign objects; one of them is looked at again by itself
        let_through(error)
        return False


def _as_media(key: str, value: Any, problems: Problems) -> Media | None:
    try:
        recognised = recognise(value)
        if recognised is not None and recognised.failure is not None:
            raise recognised.failure
        if recognised is not None:
            return recognised
        if value is None:
            problems.note("missing_value", f"the value of {key!r:.80} is None; there was nothing to keep")
            return None
        if isinstance(value, str):
            problems.note(
                "not_a_number",
                f"the value of {key!r:.80} is a text, not a number: {value!r:.60}; it was kept as a text",
                "log texts as tr.Text(...), or run.log_text(key, text)",
            )
            return Text(value)
        if isinstance(value, int):
            problems.note(
                "not_a_number",
                f"the value of {key!r:.80} is a whole number too large for a metric; it was kept as a text",
            )
            return Text(str(value) if value.bit_length() < 10_000 else hex(value))
        sequence = as_plain_list(value, LONGEST_SEQUENCE + 1)
        if sequence:
            is_longer = len(sequence) > LONGEST_SEQUENCE
            problems.note(
                "not_a_number",
                f"the value of {key!r:.80} is of the type {type_name(value)} and has "
                f"{_length(value, len(sequence))} values, not one; "
                "it was kept as a table" + (f" of its first {LONGEST_SEQUENCE}" if is_longer else ""),
                "log one number, or tr.Histogram(values), tr.Image(array), tr.Table(...)",
            )
            return _as_table(sequence[:LONGEST_SEQUENCE])
        text = repr(value)
    except UsageError as error:
        let_through(error)
        problems.note("bad_media", f"the value of {key!r:.80} could not be kept: {error.message}", error.hint)
        return None
    except Exception as error:  # foreign objects may raise anything; training goes on
        let_through(error)
        problems.note(
            "not_a_number",
            f"the value of {key!r:.80} ({type_name(value)}) can't be read: {type(error).__name__}: {as_text(error)}",
        )
        return None
    problems.note(
        "not_a_number",
        f"the value of {key!r:.80} is of the type {type_name(value)}, not a number; its text was kept",
        "log one number, or tr.Image, tr.Table, tr.Histogram, tr.Figure, tr.Text",
    )
    return Text(text)


def _length(value: Any, least: int) -> str:
    try:
        return str(len(value))
    except Exception as error:  # foreign code, or a range longer than a length can be
        let_through(error)
        return f"{least} or more"


def _as_table(sequence: list[Any]) -> Table:
    """Return one column for plain values, one a position for rows of equal length, and JSON cells for deeper ones."""
    widths = {len(row) if isinstance(row, (list, tuple)) else -1 for row in sequence}
    if len(widths) == 1 and (width := widths.pop()) > 0:
        return Table([str(position) for position in range(width)], sequence)
    return Table(["value"], [[element] for element in sequence])
