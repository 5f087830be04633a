"""How runs are ordered: ``-val/accuracy,created``, with NaN and then missing last in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trackrecord.query.names import Names
from trackrecord.query.parser import parse_name
from trackrecord.query.sources import FieldKind, Source, TagSource
from trackrecord.query.syntax import Name
from trackrecord.query.tokens import LONGEST_TEXT
from trackrecord.store.columns.column import Array, Kind, Texts
from trackrecord.words.errors import QueryError

_MOST_KEYS = 8


@dataclass(frozen=True, slots=True)
class SortKey:
    """One name of an order, with the text it stood in."""

    name: Name
    descending: bool
    text: str


def parse_order(order_by: str | Sequence[str]) -> list[SortKey]:
    """Return the sort keys of a text or list. Raises QueryError.

    >>> [(key.name.key, key.descending) for key in parse_order("-val/accuracy, created")]
    [('val/accuracy', True), ('created', False)]
    """
    parts = _split(order_by) if isinstance(order_by, str) else [(part, 0) for part in order_by]
    keys = []
    for part, offset in parts:
        bare = part.strip()
        descending = bare.startswith("-")
        name = bare.lstrip("+-").strip()
        if not name:
            if len(parts) == 1 and not bare:
                return []
            raise QueryError(
                "A name is missing in the order.", text=_whole(order_by, part), position=offset, hint=_HINT
            )
        try:
            keys.append(SortKey(parse_name(name), descending, name))
        except QueryError as error:
            position = None if error.position is None else offset + part.index(name) + error.position
            raise QueryError(
                error.message,
                text=_whole(order_by, part),
                position=position,
                suggestions=error.suggestions,
                hint=_HINT,
            ) from None
    if len(keys) > _MOST_KEYS:
        raise QueryError(f"The order has {len(keys)} names; {_MOST_KEYS} is the most.")
    return keys


_HINT = "An order is names with commas between, - in front for descending: -val/accuracy,created."


def _whole(order_by: str | Sequence[str], part: str) -> str:
    text = order_by if isinstance(order_by, str) else part
    return text if len(text) <= LONGEST_TEXT and text.isprintable() else ""


def _split(text: str) -> list[tuple[str, int]]:
    """Split at commas outside of quotes and backticks; each part with its position."""
    parts, start, quote = [], 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        elif character == ",":
            parts.append((text[start:position], start))
            start = position + 1
    return [*parts, (text[start:], start)]


def order_columns(keys: Sequence[SortKey], names: Names) -> list[Array]:
    """Return arrays by whose numbers, the first one first, runs are ordered. Raises QueryError for unknown names."""
    columns: list[Array] = []
    for key in keys:
        sources = names.resolve(key.name, key.text)
        if isinstance(sources, TagSource):
            raise QueryError("Tags have no order.", text=key.text, position=key.name.position)
        if sources and sources[0].field is FieldKind.TIME:
            columns += _times(sources[0], descending=key.descending)
        elif sources:
            columns.append(value_places(sources, names.size, descending=key.descending))
    return columns


# Every value becomes a whole number of 64 bits. Those of floats go up to that of infinity, _INFINITY; what comes
# behind them has the higher ones to itself.
_SIGN = np.uint64(1 << 63)
# more than a column can have, and less than what lies between the two places
_MOST_TEXTS = 1 << 40
_TEXTS, _OTHERS, _NANS, _MISSING = (np.uint64(top << 48) for top in (0xFFF1, 0xFFF8, 0xFFFA, 0xFFFC))


def value_places(
    sources: tuple[Source, ...], size: int, *, descending: bool = False, apart: bool = False
) -> Array:
    """Return whole numbers in the order of values: numbers, texts, what has no order, NaN, missing last both ways.

    With ``apart`` lists and the like that are not written alike, and None, have places of their own.
    """
    places = np.full(size, _MISSING)
    absent = np.ones(size, bool)
    ranks = _text_ranks(sources)
    for source, rank_of in zip(sources, ranks, strict=True):
        column = source.column
        # -0.0 + 0.0 is 0.0: the two are equal
        found = _float_places(column.numbers + 0.0, descending=descending)
        found[(column.kinds == Kind.OTHER) | (column.kinds == Kind.NONE)] = _OTHERS
        found[column.kinds == Kind.NAN] = _NANS
        if apart and column.codes is not None:
            others = column.kinds == Kind.OTHER
            found[others] += np.uint64(1) + rank_of[column.codes[others]].astype(np.uint64)
        if column.codes is not None:
            texts = column.kinds == Kind.TEXT
            rank = rank_of[column.codes[texts]]
            found[texts] = _TEXTS + (_MOST_TEXTS - rank if descending else rank).astype(np.uint64)
        chosen = absent & source.present
        places[chosen] = found[chosen]
        absent &= ~source.present
    return places


def _float_places(numbers: Array, *, descending: bool) -> Array:
    bits = numbers.view(np.uint64)
    places: Array = np.where(bits >> np.uint64(63) == 1, ~bits, bits | _SIGN)
    return ~places if descending else places


def _text_ranks(sources: tuple[Source, ...]) -> list[Array]:
    """Return for each source the rank of its texts among those of all."""
    texts = [source.column.texts for source in sources]
    given = [each for each in texts if each is not None]
    if len(given) <= 1:
        return [np.empty(0, np.int64) if each is None else each.ranks() for each in texts]
    together = Texts(text for each in given for text in each.texts)
    ranks = together.ranks()
    return [np.empty(0, np.int64) if each is None else ranks[together.codes(each.texts)] for each in texts]


def _times(source: Source, *, descending: bool) -> list[Array]:
    places = source.column.numbers.view(np.uint64) ^ _SIGN
    missing = ~source.present
    places = np.where(missing, np.uint64(0), ~places if descending else places)
    return [missing, places] if missing.any() else [places]
