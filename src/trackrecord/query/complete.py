"""What may stand at the cursor of a filter box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trackrecord.query.columns import columns_of
from trackrecord.query.distinct import Distinct, distinct_values
from trackrecord.query.lives import Lives
from trackrecord.query.names import FIELDS, TIME_FIELDS, written_name
from trackrecord.query.selection import Selection
from trackrecord.query.sources import Source
from trackrecord.query.syntax import FIGURES
from trackrecord.query.tokens import Token, TokenKind, tokenize
from trackrecord.words.errors import QueryError
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_MOST_ITEMS = 50
_MOST_VALUES = 200
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "~", "!~")
_WORDS_AFTER_NAME = (
    "in",
    "not in",
    "contains",
    "startswith",
    "endswith",
    "is missing",
    "is not missing",
    "is nan",
)
_TEXT_WORDS = ("contains", "startswith", "endswith")

# Fields whose texts are few enough to be offered.
_LISTED_FIELDS = ("tags", "project", "experiment", "group", "user", "host", "name")


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand there; ``kind`` is param, metric, summary, field, operator or value."""

    text: str
    kind: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Completions:
    """What may replace the characters from ``start`` to before ``end``, best first."""

    start: int
    end: int
    items: tuple[Completion, ...]


def complete(
    store: Store, text: str, position: int | None = None, *, project: str | None = None
) -> Completions:
    """Return completions for a filter at a cursor position (the end without one). Raises NotFoundError.

    A text that is no filter yet is no error: that is what is being written.
    """
    position = len(text) if position is None else max(0, min(position, len(text)))
    before, start = _tokens_before(text, position)
    typed = text[start:position]
    items = _candidates(store, before, project)
    wanted = typed.strip("\"'`").lower()
    matching = [item for item in items if wanted in item.text.lower()]
    matching.sort(key=lambda item: not item.text.strip("\"'`").lower().startswith(wanted))
    end = position
    while end < len(text) and not text[end].isspace() and text[end] not in "()[],=!<>~":
        end += 1
    return Completions(start, end, tuple(matching[:_MOST_ITEMS]))


def _tokens_before(text: str, position: int) -> tuple[list[Token], int]:
    """Return the whole tokens in front of the word at the cursor, and where that word begins."""
    try:
        tokens = tokenize(text[:position])[:-1]
        if tokens and tokens[-1].end == position and not tokens[-1].is_operator("(", ")", "[", "]", ","):
            return tokens[:-1], tokens[-1].position
        return tokens, position
    except QueryError as error:
        # An open quote, mostly: what stands in front of it is whole.
        start = min(error.position or 0, position)
        try:
            return tokenize(text[:start])[:-1], start
        except QueryError:
            return [], start


def _candidates(store: Store, before: list[Token], project: str | None) -> list[Completion]:
    last = before[-1] if before else None
    if last is None or last.is_word("and", "or") or last.is_operator("("):
        if last is not None and last.is_operator("(") and len(before) > 1 and before[-2].is_word("in"):
            return _values(store, before[:-2], project)
        return [*_names(store, project), Completion("not", "operator")]
    if last.is_word("not"):
        if len(before) > 1 and _ends_name(before[:-1]):
            return [Completion(word, "operator") for word in ("in", *_TEXT_WORDS)]
        return _names(store, project)
    if last.is_word("is"):
        return [Completion(word, "operator") for word in ("missing", "not missing", "nan", "not nan", "none")]
    if last.is_operator(*_COMPARISONS) or last.is_word(*_TEXT_WORDS):
        return _values(store, before[:-1], project)
    if last.is_word("in"):
        return [Completion("[", "operator")]
    if last.is_operator("[", ","):
        opening = next((at for at in range(len(before) - 1, 0, -1) if before[at].is_operator("[")), 0)
        return _values(store, before[: max(0, opening - 1)], project) if opening else []
    if _ends_name(before):
        return [Completion(word, "operator") for word in (*_COMPARISONS, *_WORDS_AFTER_NAME)]
    return [Completion(word, "operator") for word in ("and", "or")]


def _ends_name(before: list[Token]) -> bool:
    last = before[-1]
    if last.kind not in (TokenKind.NAME, TokenKind.QUOTED_NAME) or last.is_word(
        "missing", "true", "false", "none"
    ):
        return False
    return len(before) < 2 or not (before[-2].is_word("is") or before[-2].is_operator(*_COMPARISONS))


def _names(store: Store, project: str | None) -> list[Completion]:
    columns = columns_of(store, project)
    taken: set[str] = set()
    items = []
    for kind, namespace, found in (
        ("summary", "summary", columns.summary),
        ("metric", "metrics", columns.metrics),
        ("param", "params", columns.params),
    ):
        for column in found:
            bare = written_name(column.key)
            plain = kind != "param" and bare not in taken
            taken.add(bare)
            text = bare if plain else written_name(column.key, namespace)
            items.append(Completion(text, kind, f"{column.runs} run{'' if column.runs == 1 else 's'}"))
    items += [Completion(field, "field") for field in FIELDS]
    for column in columns.metrics:
        name = f'metrics["{column.key}"]' if '"' not in column.key else written_name(column.key, "metrics")
        items += [Completion(f"{name}.{figure}", "metric", figure) for figure in FIGURES]
    return items


def _values(store: Store, name_tokens: list[Token], project: str | None) -> list[Completion]:
    if name_tokens and name_tokens[-1].is_word("not"):
        name_tokens = name_tokens[:-1]
    if not name_tokens:
        return []
    token = name_tokens[-1]
    key = token.value
    if token.kind is TokenKind.NAME and key == "state":
        return [Completion(f'"{state.value}"', "value") for state in RunState]
    if token.kind is TokenKind.NAME and key in TIME_FIELDS:
        return [Completion(text, "value") for text in ("-1h", "-1d", "-7d", "-30d")]
    listed = token.kind is TokenKind.NAME and key in _LISTED_FIELDS
    for namespace in () if listed else ("params.", "summary."):
        key = key.removeprefix(namespace)
    with store.catalog.columns.reading() as view:
        fitting, names = Selection(project).fitting(view, Lives.of(view))
        runs = np.flatnonzero(fitting)
        if listed:
            found = distinct_values(names.field(key), runs, view.size)
            return _most_frequent(found, _MOST_VALUES)
        items = []
        for space in ("summary", "param"):
            column = view.value(space, key)
            if column is not None:
                found = distinct_values((Source.of(column),), runs, view.size)
                items += _most_frequent(found, _MOST_ITEMS)
    return items


def _most_frequent(found: Distinct, most: int) -> list[Completion]:
    """Return the texts, whole numbers and truths among some values, those of most runs first."""
    counts = [(value, runs) for value, runs in found.counts() if isinstance(value, (str, int))]
    counts.sort(key=lambda counted: -counted[1])
    return [
        _value(value, runs)
        if isinstance(value, str)
        else Completion(str(value).lower(), "value", _runs(runs))
        for value, runs in counts[:most]
    ]


def _value(text: str, runs: int) -> Completion:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return Completion(f'"{escaped}"', "value", _runs(runs))


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
