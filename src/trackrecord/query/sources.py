"""Where the value behind a name lies, and how a condition on it becomes a condition on the run.

A name has one source or several in order (summary, metric, param): for each run the first that is present
counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from trackrecord.query.sql import ALWAYS, Fragment


class FieldKind(Enum):
    """What a field of a run holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    STATE = "state"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Values:
    """SQL expressions for one value: a number, a text, and whether it is NaN or None. None: can't be."""

    number: str | None = None
    text: str | None = None
    nan: str | None = None
    none: str | None = None


@dataclass(frozen=True, slots=True)
class FieldSource:
    """A field that every run has by itself, such as ``name`` or ``created``."""

    name: str
    kind: FieldKind
    sql: str
    always_there: bool = False

    def values(self, _alias: str = "") -> Values:
        """Return what to compare."""
        if self.kind in (FieldKind.TEXT, FieldKind.STATE):
            return Values(text=self.sql)
        return Values(number=self.sql)

    def present(self) -> Fragment:
        """Return the condition that a run has this value."""
        return Fragment("1 = 1" if self.always_there else f"{self.sql} IS NOT NULL")

    def where(self, condition: Fragment) -> Fragment:
        """Return the condition on the run that says the same."""
        if self.always_there:
            return condition.wrapped("(", ")")
        return condition.wrapped(f"({self.sql} IS NOT NULL AND ", ")")


@dataclass(frozen=True, slots=True)
class KeySource:
    """A row per run and key: of ``param`` or ``summary`` with its type, or one figure of ``metric``.

    ``guard`` restricts it to some runs: the best of a metric is its max in one project, its min in another.
    """

    table: str
    key: str
    column: str = "number"
    guard: str | None = None

    def values(self, alias: str = "v") -> Values:
        """Return what to compare, in rows called ``alias``."""
        if self.table == "metric":
            number = f"{alias}.{self.column}"
            # A figure that is NULL in a present row is NaN; a goal-less best is no row at all.
            return Values(number=number, nan=f"{number} IS NULL")
        return Values(
            number=f"{alias}.number",
            text=f"{alias}.text",
            nan=f"({alias}.kind = 'float' AND {alias}.number IS NULL)",
            none=f"{alias}.kind = 'none'",
        )

    def present(self) -> Fragment:
        """Return the condition that a run has this value."""
        return self.where(ALWAYS)

    def where(self, condition: Fragment) -> Fragment:
        """Return the condition on the run that says the same."""
        rows = f"(SELECT v.run FROM {self.table} AS v WHERE v.key = ? AND "  # noqa: S608 - a table of ours
        condition = Fragment(f"run.number IN {rows}{condition.sql})", (self.key, *condition.values))
        return condition if self.guard is None else condition.wrapped(f"({self.guard} AND ", ")")

    def join(self, alias: str) -> Fragment:
        """Return the join that puts this value beside each run as ``alias``."""
        return Fragment(
            f"LEFT JOIN {self.table} AS {alias} ON {alias}.run = run.number AND {alias}.key = ?", (self.key,)
        )

    def joined_present(self, alias: str) -> str:
        """Return the condition that the joined row is there."""
        there = f"{alias}.run IS NOT NULL"
        return there if self.guard is None else f"({there} AND {self.guard})"


Source = FieldSource | KeySource
