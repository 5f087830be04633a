"""From the parts of a filter to one SQL condition on ``run``.

A part can be true, false or unknown (missing, NaN, a text where a number is wanted), as in SQL. A run
fits when the whole is true. So a part is compiled either as "surely true" or as "surely false": `not` swaps
the two, and what is unknown stays no match under `not` as well.
"""

from __future__ import annotations

from collections.abc import Callable

from trackrecord.query.moments import moment_of
from trackrecord.query.names import Names, close_names
from trackrecord.query.sources import FieldKind, FieldSource, Source, Values
from trackrecord.query.sql import ALWAYS, NEVER, Fragment, both, either, marks
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
from trackrecord.words.errors import QueryError
from trackrecord.words.states import RunState

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def compile_filter(expression: Expression | None, names: Names, text: str = "") -> Fragment:
    """Return the condition under which a run fits. Raises QueryError for names and types that can't fit."""
    return ALWAYS if expression is None else _Compiler(names, text).surely(expression, wanted=True)


class _Compiler:
    def __init__(self, names: Names, text: str) -> None:
        self._names = names
        self._text = text

    def surely(self, part: Expression, *, wanted: bool) -> Fragment:
        """Return the condition under which a part is surely true, or surely false."""
        if isinstance(part, Not):
            return self.surely(part.part, wanted=not wanted)
        if isinstance(part, All):
            return (both if wanted else either)([self.surely(child, wanted=wanted) for child in part.parts])
        if isinstance(part, AnyOf):
            return (either if wanted else both)([self.surely(child, wanted=wanted) for child in part.parts])
        sources = self._names.resolve(part.name, self._text)
        if sources and isinstance(sources[0], FieldSource) and sources[0].kind is FieldKind.TAGS:
            return self._tags(part, wanted=wanted)
        if isinstance(part, StateTest):
            return self._state_test(part, sources, wanted=wanted)
        return _first_present(sources, lambda source: self._condition(part, source, wanted=wanted))

    def _condition(self, part: Comparison | OneOf | TextTest, source: Source, *, wanted: bool) -> Fragment:
        kind = source.kind if isinstance(source, FieldSource) else None
        if isinstance(part, TextTest):
            if kind in (FieldKind.NUMBER, FieldKind.TIME):
                raise self._wrong_type(part.name, kind.value, part.position)
            return _text_test(part, source.values().text, wanted=wanted is not part.negated)
        if isinstance(part, Comparison):
            if kind is FieldKind.TIME:
                return self._compare_time(part, source.values(), wanted=wanted)
            self._check_type(part.name, part.literal, kind)
            return self._compare(part, source.values(), wanted=wanted)
        if kind is FieldKind.TIME:
            return self._one_of_times(part, source.values(), wanted=wanted is not part.negated)
        for literal in part.literals:
            self._check_type(part.name, literal, kind)
        return _one_of(part.literals, source.values(), wanted=wanted is not part.negated)

    # -- missing and NaN

    def _state_test(self, part: StateTest, sources: tuple[Source, ...], *, wanted: bool) -> Fragment:
        wanted = wanted is not part.negated
        if part.what == "missing":
            missing = both([source.present().negated() for source in sources])
            return missing if wanted else missing.negated()

        def is_nan(source: Source) -> Fragment:
            nan = source.values().nan
            if nan is None:
                return NEVER if wanted else ALWAYS
            return Fragment(nan if wanted else f"NOT ({nan})")

        return _first_present(sources, is_nan)

    # -- comparisons

    def _compare(self, part: Comparison, values: Values, *, wanted: bool) -> Fragment:
        operator = part.operator if wanted else _OPPOSITE[part.operator]
        literal = part.literal
        if isinstance(literal, TextLiteral):
            return _bound(values.text, operator, literal.value)
        return _bound(values.number, operator, _number(literal))

    # -- times

    def _compare_time(self, part: Comparison, values: Values, *, wanted: bool) -> Fragment:
        operator = part.operator if wanted else _OPPOSITE[part.operator]
        low, high = self._span(part.name, part.literal)
        # A day that was named is meant as a whole: `<=` includes it, `>` begins after it.
        bounds = {"<": ("<", low), "<=": ("<", high), ">": (">=", high), ">=": (">=", low)}
        return _bound(values.number, *bounds[operator])

    def _one_of_times(self, part: OneOf, values: Values, *, wanted: bool) -> Fragment:
        spans = [self._span(part.name, literal) for literal in part.literals]
        column = values.number
        inside = either([Fragment(f"({column} >= ? AND {column} < ?)", span) for span in spans])
        return inside if wanted else inside.negated()

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

    def _tags(self, part: Comparison | OneOf | TextTest | StateTest, *, wanted: bool) -> Fragment:
        column = "v.name"
        if isinstance(part, Comparison):
            raise self._wrong_type(part.name, "set of tags", part.name.position)
        wanted = wanted is not part.negated
        if isinstance(part, StateTest):
            if part.what == "nan":
                return ALWAYS if not wanted else NEVER
            condition, wanted = ALWAYS, not wanted
        elif isinstance(part, OneOf):
            tags = []
            for literal in part.literals:
                if not isinstance(literal, TextLiteral):
                    raise self._error("A tag is a text in quotes", literal.position)
                tags.append(literal.value)
            condition = Fragment(f"{column} IN ({marks(len(tags))})", tuple(tags))
        elif part.operator == "contains":
            condition = Fragment(f"{column} = ?", (part.text,))
        else:
            condition = _text_test(part, column, wanted=True)
        tagged = condition.wrapped("run.number IN (SELECT v.run FROM tag AS v WHERE ", ")")
        return tagged if wanted else tagged.negated()

    # -- types and errors

    def _check_type(self, name: Name, literal: Literal, kind: FieldKind | None) -> None:
        if isinstance(literal, TimeLiteral):
            raise self._error(
                f"{name.written} is not compared with times; only `created` and `ended` are",
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


def _first_present(sources: tuple[Source, ...], condition: Callable[[Source], Fragment]) -> Fragment:
    """For each run the first source that is present decides."""
    cases: list[Fragment] = []
    absent: list[Fragment] = []
    for source in sources:
        cases.append(both([source.where(condition(source)), *absent]))
        absent.append(source.present().negated())
    return either(cases)


def _text_test(part: TextTest, column: str | None, *, wanted: bool) -> Fragment:
    if column is None:
        return NEVER
    if part.operator == "~":
        test = Fragment(f"substr({column}, 1, {part.visible}) REGEXP ?", (part.text,))
    elif not part.text:
        test = ALWAYS
    elif part.operator == "contains":
        test = Fragment(f"replace({column}, ?, '') <> {column}", (part.text,))
    elif part.operator == "startswith":
        test = Fragment(f"substr({column}, 1, {len(part.text)}) = ?", (part.text,))
    else:
        length = len(part.text)
        start = f"length({column}) - {length - 1}"
        test = Fragment(f"(length({column}) >= {length} AND substr({column}, {start}) = ?)", (part.text,))
    return (test if wanted else test.negated()).wrapped(f"({column} IS NOT NULL AND ", ")")


def _bound(column: str | None, operator: str, value: object) -> Fragment:
    return NEVER if column is None else Fragment(f"{column} {operator} ?", (value,))


def _number(literal: Literal) -> float:
    if isinstance(literal, DurationLiteral):
        return literal.seconds
    assert isinstance(literal, NumberLiteral)
    return literal.value


def _one_of(literals: tuple[Literal, ...], values: Values, *, wanted: bool) -> Fragment:
    """Return when a value is one of the literals, or surely none of them: NaN is neither."""
    texts = tuple(literal.value for literal in literals if isinstance(literal, TextLiteral))
    numbers = tuple(
        _number(literal) for literal in literals if isinstance(literal, (NumberLiteral, DurationLiteral))
    )
    with_none = any(isinstance(literal, NoneLiteral) for literal in literals)
    if wanted:
        cases = []
        if numbers and values.number is not None:
            cases.append(Fragment(f"{values.number} IN ({marks(len(numbers))})", numbers))
        if texts and values.text is not None:
            cases.append(Fragment(f"{values.text} IN ({marks(len(texts))})", texts))
        if with_none and values.none is not None:
            cases.append(Fragment(values.none))
        return either(cases)
    conditions = []
    if values.nan is not None:
        conditions.append(Fragment(f"NOT ({values.nan})"))
    if numbers and values.number is not None:
        column = values.number
        conditions.append(Fragment(f"({column} IS NULL OR {column} NOT IN ({marks(len(numbers))}))", numbers))
    if texts and values.text is not None:
        column = values.text
        conditions.append(Fragment(f"({column} IS NULL OR {column} NOT IN ({marks(len(texts))}))", texts))
    if with_none and values.none is not None:
        conditions.append(Fragment(f"NOT ({values.none})"))
    return both(conditions)
