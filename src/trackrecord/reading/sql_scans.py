"""Which tables a statement reads, and which of their rows and columns: asked of DuckDB's own plan of it.

The plan is made over tables that are empty, with those rules of the optimizer off that look at what a table
holds. So it is right for every content of the tables, and rows that its scans leave out cannot change the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackrecord.reading.interruptible import InterruptibleConnection

#: what is put in front of a statement to see its plan
EXPLAIN = "EXPLAIN (FORMAT json) "
#: rules that use what a table holds: without the first no plan can be trusted
_BY_CONTENT = "statistics_propagation"
#: would hide conditions and limits behind a second scan of the same table; not known to every version
_BY_ROW = "late_materialization"
#: a condition that a scan may use and another operator makes sure of
_OPTIONAL = "optional: "


@dataclass(frozen=True, slots=True)
class Scan:
    """One look of a statement at a table."""

    table: str
    #: conditions that every row it needs fulfils, as SQL
    conditions: tuple[str, ...] = ()
    #: the columns it needs; None: all of them
    columns: frozenset[str] | None = None
    #: as many rows as it needs of those that fulfil the conditions; None: all of them
    rows: int | None = None


def only_read_by_plan(connection: InterruptibleConnection, errors: type[Exception]) -> bool:
    """Make this connection's plans right for every content of its tables; False where that can't be done."""
    for names in (f"{_BY_CONTENT},{_BY_ROW}", _BY_CONTENT):
        try:
            connection.execute(f"SET disabled_optimizers = '{names}'")
        except errors:
            continue
        return True
    return False


def scans_of_plan(plan: str, tables: dict[str, list[str]]) -> list[Scan] | None:
    """Return the scans of a plan as JSON, given the columns of the tables; None when it is not understood."""
    try:
        return [scan for root in json.loads(plan) for scan in _scans(root, tables, None)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def scans_by_words(statement: str, tables: dict[str, list[str]]) -> list[Scan]:
    """Return a scan of all of each table whose name is a word of the statement."""
    words = set(re.findall(r"\w+", statement.lower()))
    return [Scan(name) for name in tables if name in words]


def _scans(node: dict[str, Any], tables: dict[str, list[str]], rows: int | None) -> Iterator[Scan]:
    name, about = node["name"].strip(), node["extra_info"]
    table = str(about.get("Table", "")).rpartition(".")[2].strip('"')
    if table in tables:
        yield _scan(table, about, tables[table], rows)
    elif name.endswith("_SCAN") and "Table" in about:
        raise ValueError(f"a scan of {table!r}, which is none of ours")
    if name in {"STREAMING_LIMIT", "LIMIT"}:
        rows = _whole(about.get("Limit")) + _whole(about.get("Offset", "0")) if "Limit" in about else None
    elif name != "PROJECTION":
        rows = None
    for child in node["children"]:
        yield from _scans(child, tables, rows)


def _scan(table: str, about: dict[str, Any], columns: list[str], rows: int | None) -> Scan:
    conditions = tuple(text.removeprefix(_OPTIONAL) for text in _texts(about.get("Filters", "")))
    if any(text.count("'") % 2 for text in conditions):
        # a text of several lines was cut at their ends: what its lines say is no condition
        return Scan(table)
    needed = None
    if "Projections" in about:
        listed = set(_texts(about["Projections"]))
        # A column that only a condition needs is not among them; names in its text are enough, one too many is no harm.
        named = set(re.findall(r"\w+", " ".join(conditions)))
        known = set(columns)
        needed = frozenset(listed | (named & known)) if listed <= known else None
    return Scan(table, conditions, needed, rows)


def _texts(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else str(value).split("\n")
    return [str(text) for text in listed if text]


def _whole(value: Any) -> int:
    if not str(value).isdecimal():
        raise ValueError(f"{value!r} is no number of rows")
    return int(value)
