"""The parts of a filter, as values: what the parser makes and the compiler reads."""

from __future__ import annotations

from dataclasses import dataclass

#: Figures of a metric that can be asked for: ``metrics["val/accuracy"].best``.
FIGURES = ("last", "first", "min", "max", "mean", "best", "points", "nonfinite", "step", "best_step")

#: Where a key may be looked up: ``params.lr``.
NAMESPACES = ("params", "metrics", "summary")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it was written.

    ``namespace`` is ``params``, ``metrics`` or ``summary`` when it was stated. ``figure`` is set when
    it stands apart from the key (``metrics["a"].max``); in ``metrics.a.max`` the dot may belong to the key,
    which only the names of the store can tell. ``exact`` says that the key stood in quotes.
    """

    written: str
    position: int
    key: str
    namespace: str | None = None
    figure: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """A finite or infinite number, true and false being 1 and 0."""

    value: float
    position: int


@dataclass(frozen=True, slots=True)
class TextLiteral:
    """A quoted text."""

    value: str
    position: int


@dataclass(frozen=True, slots=True)
class NoneLiteral:
    """``none``: a param or summary value that was logged as None."""

    position: int


@dataclass(frozen=True, slots=True)
class DurationLiteral:
    """A length of time in seconds, with its sign."""

    seconds: float
    written: str
    position: int


@dataclass(frozen=True, slots=True)
class TimeLiteral:
    """A moment, as precise as it was written: from ``low`` to before ``high``, nanoseconds since 1970."""

    low: int
    high: int
    position: int


Literal = NumberLiteral | TextLiteral | NoneLiteral | DurationLiteral | TimeLiteral


@dataclass(frozen=True, slots=True)
class Comparison:
    """``name operator literal`` with one of ``< <= > >=``."""

    name: Name
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class OneOf:
    """``name in [..]``; ``==`` is a list of one. ``!=`` and ``not in`` are the same with ``negated``."""

    name: Name
    literals: tuple[Literal, ...]
    negated: bool
    position: int


@dataclass(frozen=True, slots=True)
class TextTest:
    """``contains``, ``startswith``, ``endswith`` or ``~`` on a text, or on any of the tags.

    ``visible`` is how many characters of a text a regular expression may look at.
    """

    name: Name
    operator: str
    text: str
    negated: bool
    position: int
    visible: int = 0


@dataclass(frozen=True, slots=True)
class StateTest:
    """``name is missing`` or ``name is nan``."""

    name: Name
    what: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; a value that is missing stays no match."""

    part: Expression


@dataclass(frozen=True, slots=True)
class All:
    """``and`` between two or more parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``or`` between two or more parts."""

    parts: tuple[Expression, ...]


Expression = Comparison | OneOf | TextTest | StateTest | Not | All | AnyOf
