"""From the parts of a filter to the runs that fit, over columns.

A part can be true, false or unknown (missing, NaN, a text where a number is wanted). A run fits when the whole is true.
So a part is looked at either for "surely true" or for "surely false": `not` swaps the two, and what is unknown stays no
match under `not` as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np

from trackrecord.query.moments import moment_of
from trackrecord.query.names import Names, close_names
from trackrecord.query.sources import FieldKind, Source, TagSource, first_present
from trackrecord.query.syntax import (
    All,
    AnyOf,
    Comparison,
    DurationLiteral,
    Expression,
    Literal,
    Name,
    NoneLiteral,
    Not,
    NumberLiteral,
    OneOf,
    StateTest,
    TextLiteral,
    TextTest,
    TimeLiteral,
)
from trackrecord.query.timed_search import TimedSearch
from trackrecord.store.columns.column import Array, Kind
from trackrecord.words.errors import QueryError
from trackrecord.words.states import RunState

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
# With more numbers than this in a list, sorting them first is quicker.
_FEW_NUMBERS = 16


def fitting_runs(expression: Expression | None, names: Names, text: str = "") -> Array:
    """Return which runs fit a filter, by number of the run. Raises QueryError for names and types that can't fit."""
    if expression is None:
        return np.ones(names.size, bool)
    return _Evaluation(names, text).surely(expression, wanted=True)


def names_in(expression: Expression | None) -> Sequence[Name]:
    """Return every name of a filter."""
    if expression is None:
        return ()
    if isinstance(expression, Not):
        return names_in(expression.part)
    if isinstance(expression, (All, AnyOf)):
        return [name for part in expression.parts for name in names_in(part)]
    return (expression.name,)


class _Evaluation:
    def __init__(self, names: Names, text: str) -> None:
        self._names = names
        self._text = text
        self._search = TimedSearch()

    def surely(self, part: Expression, *, wanted: bool) -> Array:
        """Return for which runs a part is surely true, or surely false."""
        if isinstance(part, Not):
            return self.surely(part.part, wanted=not wanted)
        if isinstance(part, (All, AnyOf)):
            together = np.logical_and if isinstance(part, All) is wanted else np.logical_or
            found = self.surely(part.parts[0], wanted=wanted)
            for child in part.parts[1:]:
                found = together(found, self.surely(child, wanted=wanted))
            return found
        sources = self._names.resolve(part.name, self._text)
        if isinstance(sources, TagSource):
            return self._tags(part, sources, wanted=wanted)
        if isinstance(part, StateTest):
            return self._state_test(part, sources, wanted=wanted)
        return self._first_present(sources, lambda source: self._condition(part, source, wanted=wanted))

    def _first_present(self, sources: tuple[Source, ...], condition: Callable[[Source], Array]) -> Array:
        return first_present(sources, condition, self._names.size)

    def _condition(self, part: Comparison | OneOf | TextTest, source: Source, *, wanted: bool) -> Array:
        kind = source.field
        if isinstance(part, TextTest):
            if kind in (FieldKind.NUMBER, FieldKind.TIME):
                raise self._wrong_type(part.name, kind.value, part.position)
            test, name = self._text_test(part)
            fitting = source.texts_fitting(test, name)
            return fitting if wanted is not part.negated else source.is_kind(Kind.TEXT) & ~fitting
        if isinstance(part, Comparison):
            if kind is FieldKind.TIME:
                return self._compare_time(part, source, wanted=wanted)
            self._check_type(part.name, part.literal, kind)
            return _compare(part, source, wanted=wanted)
        if kind is FieldKind.TIME:
            return self._one_of_times(part, source, wanted=wanted is not part.negated)
        for literal in part.literals:
            self._check_type(part.name, literal, kind)
        return _one_of(part.literals, source, wanted=wanted is not part.negated)

    # -- missing and NaN

    def _state_test(self, part: StateTest, sources: tuple[Source, ...], *, wanted: bool) -> Array:
        wanted = wanted is not part.negated
        if part.what == "missing":
            present = self._first_present(sources, lambda source: source.present)
            return ~present if wanted else present
        return self._first_present(
            sources, lambda source: source.is_kind(Kind.NAN) if wanted else ~source.is_kind(Kind.NAN)
        )

    # -- texts

    def _text_test(self, part: TextTest) -> tuple[Callable[[str], bool], tuple[str, str, int]]:
        """Return a test of one text, and its name."""
        piece = part.text
        name = (part.operator, piece, part.visible)
        if part.operator == "~":
            return self._search.of(piece, part.visible), name
        if part.operator == "contains":
            return (lambda text: piece in text), name
        if part.operator == "startswith":
            return (lambda text: text.startswith(piece)), name
        return (lambda text: text.endswith(piece)), name

    # -- times

    def _compare_time(self, part: Comparison, source: Source, *, wanted: bool) -> Array:
        sign = part.operator if wanted else _OPPOSITE[part.operator]
        low, high = self._span(part.name, part.literal)
        # A day that was named is meant as a whole: `<=` includes it, `>` begins after it.
        bounds = {"<": ("<", low), "<=": ("<", high), ">": (">=", high), ">=": (">=", low)}
        sign, bound = bounds[sign]
        found: Array = _COMPARE[sign](source.numbers(), bound)
        return found

    def _one_of_times(self, part: OneOf, source: Source, *, wanted: bool) -> Array:
        numbers = source.numbers()
        inside = np.zeros(len(numbers), bool)
        for literal in part.literals:
            low, high = self._span(part.name, literal)
            inside |= (numbers >= low) & (numbers < high)
        return inside if wanted else ~inside

    def _span(self, name: Name, literal: Literal) -> tuple[int, int]:
        if isinstance(literal, DurationLiteral):
            if literal.seconds > 0:
                raise self._error(
                    f"{name.written} is a moment, and {literal.written} from now lies ahead",
                    literal.position,
                    hint=f"Write -{literal.written.lstrip('+')} for that long ago.",
                )
            moment = self._names.now + int(max(literal.seconds, -9e9) * 1e9)
            return moment, moment + 1
        if isinstance(literal, TimeLiteral):
            span: tuple[int, int] | None = (literal.low, literal.high)
        else:
            span = moment_of(literal.value) if isinstance(literal, TextLiteral) else None
        if span is None or not -(2**63) <= span[0] <= span[1] < 2**63:
            raise self._error(
                f"{name.written} is compared with a moment, and this is none that a store can hold",
                literal.position,
                hint='Write 2026-11-01, "2026-11-01 12:30" or, for a week ago, -7d.',
            )
        return span

    # -- tags: a set that every run has, if an empty one

    def _tags(
        self, part: Comparison | OneOf | TextTest | StateTest, source: TagSource, *, wanted: bool
    ) -> Array:
        if isinstance(part, Comparison):
            raise self._wrong_type(part.name, "set of tags", part.name.position)
        wanted = wanted is not part.negated
        if isinstance(part, StateTest):
            if part.what == "nan":
                return np.full(source.size, not wanted)
            tagged, wanted = source.any_fitting(lambda _: True, ("any",)), not wanted
        elif isinstance(part, OneOf):
            tags = set()
            for literal in part.literals:
                if not isinstance(literal, TextLiteral):
                    raise self._error("A tag is a text in quotes", literal.position)
                tags.add(literal.value)
            tagged = source.any_fitting(tags.__contains__, ("in", *sorted(tags)))
        elif part.operator == "contains":
            wanted_tag = part.text
            tagged = source.any_fitting(lambda tag: tag == wanted_tag, ("in", wanted_tag))
        else:
            tagged = source.any_fitting(*self._text_test(part))
        return tagged if wanted else ~tagged

    # -- types and errors

    def _check_type(self, name: Name, literal: Literal, kind: FieldKind | None) -> None:
        if isinstance(literal, TimeLiteral):
            raise self._error(
                f"{name.written} is not compared with times; only `created`, `ended`, `archived` and `deleted` are",
                literal.position,
                hint="Put the value into quotes if it is a text.",
            )
        if kind in (FieldKind.TEXT, FieldKind.STATE) and not isinstance(literal, (TextLiteral, NoneLiteral)):
            raise self._wrong_type(name, "text", literal.position, 'Put the value into quotes: "...".')
        if kind is FieldKind.NUMBER and isinstance(literal, TextLiteral):
            raise self._wrong_type(name, "number", literal.position, "Write the number without quotes.")
        if kind is not None and isinstance(literal, NoneLiteral):
            raise self._error(f"{name.written} is never none", literal.position, hint="Write `is missing`.")
        if kind is FieldKind.STATE and isinstance(literal, TextLiteral):
            states = [state.value for state in RunState]
            if literal.value not in states:
                near = close_names(literal.value, states)
                raise QueryError(
                    f"There is no state {literal.value[:60]!r}.",
                    text=self._text,
                    position=literal.position,
                    suggestions=tuple(f'"{state}"' for state in near),
                    hint="States are " + ", ".join(states) + ".",
                )

    def _wrong_type(self, name: Name, kind: str, position: int, hint: str | None = None) -> QueryError:
        return self._error(f"{name.written} is a {kind}, which this test does not fit", position, hint=hint)

    def _error(self, message: str, position: int, *, hint: str | None = None) -> QueryError:
        return QueryError(f"{message}.", text=self._text, position=position, hint=hint)


def _compare(part: Comparison, source: Source, *, wanted: bool) -> Array:
    sign = part.operator if wanted else _OPPOSITE[part.operator]
    compare = _COMPARE[sign]
    literal = part.literal
    if isinstance(literal, TextLiteral):
        bound = literal.value
        return source.texts_fitting(lambda text: compare(text, bound), (sign, bound))
    found: Array = compare(source.numbers(), _number(literal))
    return found


def _number(literal: Literal) -> float:
    if isinstance(literal, DurationLiteral):
        return literal.seconds
    assert isinstance(literal, NumberLiteral)
    return literal.value


def _one_of(literals: tuple[Literal, ...], source: Source, *, wanted: bool) -> Array:
    """Return where a value is one of the literals, or surely none of them: NaN is neither."""
    texts = [literal.value for literal in literals if isinstance(literal, TextLiteral)]
    numbers = [
        _number(literal) for literal in literals if isinstance(literal, (NumberLiteral, DurationLiteral))
    ]
    found = np.zeros(len(source.present), bool)
    if len(numbers) <= _FEW_NUMBERS:
        for number in numbers:
            found |= source.numbers() == number
    else:
        found |= np.isin(source.numbers(), numbers)
    if texts:
        found |= source.texts_among(texts)
    if any(isinstance(literal, NoneLiteral) for literal in literals):
        found |= source.is_kind(Kind.NONE)
    return found if wanted else ~found & ~source.is_kind(Kind.NAN)
