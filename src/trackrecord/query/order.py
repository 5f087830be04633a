"""How runs are ordered: ``-val/accuracy,created``, with NaN and then missing last in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trackrecord.query.names import Names
from trackrecord.query.parser import parse_name
from trackrecord.query.sources import FieldKind, FieldSource, KeySource, Source, Values
from trackrecord.query.sql import Fragment, sequence
from trackrecord.query.syntax import Name
from trackrecord.query.tokens import LONGEST_TEXT
from trackrecord.words.errors import QueryError

# Each one is a join over all runs that fit.
_MOST_KEYS = 8

#: Behind all that was asked for, so that the order is complete.
TIES = "run.created DESC, run.id"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One name of an order, with the text it stood in."""

    name: Name
    descending: bool
    text: str


@dataclass(frozen=True, slots=True)
class CompiledOrder:
    """The joins that an order needs, and what goes behind ORDER BY."""

    joins: Fragment
    terms: Fragment


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


def compile_order(keys: Sequence[SortKey], names: Names) -> CompiledOrder:
    """Return the SQL of an order. Raises QueryError for names that nothing has."""
    joins: list[Fragment] = []
    terms: list[str] = []
    for key in keys:
        sources = names.resolve(key.name, key.text)
        if not sources:
            continue
        direction = " DESC" if key.descending else ""
        first = sources[0]
        if isinstance(first, FieldSource):
            if first.kind is FieldKind.TAGS:
                raise QueryError("Tags have no order.", text=key.text, position=key.name.position)
            if not first.always_there:
                terms.append(f"{first.sql} IS NULL")
            terms.append(first.sql + direction)
            continue
        aliased = [(source, f"o{len(joins) + number}") for number, source in enumerate(sources)]
        joins += [source.join(alias) for source, alias in aliased if isinstance(source, KeySource)]
        terms += _terms(aliased, direction)
    return CompiledOrder(sequence(joins), Fragment(", ".join([*terms, TIES])))


def _terms(aliased: list[tuple[Source, str]], direction: str) -> list[str]:
    """Numbers, then texts, then what has no order, then NaN, then missing: whichever the direction."""
    ranks, numbers, texts = [], [], []
    for source, alias in aliased:
        assert isinstance(source, KeySource)
        there, values = source.joined_present(alias), source.values(alias)
        ranks.append(f"WHEN {there} THEN {_rank(values)}")
        numbers.append(f"WHEN {there} THEN {values.number}")
        texts.append(f"WHEN {there} THEN {values.text or 'NULL'}")
    terms = [f"CASE {' '.join(ranks)} ELSE 4 END", f"CASE {' '.join(numbers)} END{direction}"]
    if any(source.values(alias).text for source, alias in aliased):
        terms.append(f"CASE {' '.join(texts)} END{direction}")
    return terms


def _rank(values: Values) -> str:
    text = "" if values.text is None else f" WHEN {values.text} IS NOT NULL THEN 1"
    return f"(CASE WHEN {values.nan} THEN 3 WHEN {values.number} IS NOT NULL THEN 0{text} ELSE 2 END)"
