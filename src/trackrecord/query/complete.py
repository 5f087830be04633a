"""What may stand at the cursor of a filter box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.columns import columns_of
from trackrecord.query.names import FIELDS, project_number, written_name
from trackrecord.query.syntax import FIGURES
from trackrecord.query.tokens import Token, TokenKind, tokenize
from trackrecord.words.errors import QueryError
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_MOST_ITEMS = 50
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
_LISTED_FIELDS = {
    "tags": "tag AS v JOIN run ON run.number = v.run|v.name",
    "project": "run JOIN project AS v ON v.number = run.project|v.name",
    "experiment": "run JOIN experiment AS v ON v.number = run.experiment|v.name",
    "group": "run|run.group_name",
    "user": "run|run.user",
    "host": "run|run.host",
    "name": "run|run.name",
}


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
    if token.kind is TokenKind.NAME and key in ("created", "ended"):
        return [Completion(text, "value") for text in ("-1h", "-1d", "-7d", "-30d")]
    number = None if project is None else project_number(store.catalog, project)
    scope = "" if number is None else " WHERE run.project = ?"
    values: tuple[object, ...] = () if number is None else (number,)
    if token.kind is TokenKind.NAME and key in _LISTED_FIELDS:
        tables, column = _LISTED_FIELDS[key].split("|")
        sql = f"SELECT {column}, COUNT(*) FROM {tables}{scope} GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT 200"  # noqa: S608 - ours
        rows = store.catalog.rows(sql, values)
        return [_value(text, runs) for text, runs in rows if text is not None]
    for namespace in ("params.", "summary."):
        key = key.removeprefix(namespace)
    items = []
    for table in ("summary", "param"):
        sql = (
            f"SELECT v.text, v.kind, v.value, COUNT(*) FROM {table} AS v JOIN run ON run.number = v.run "  # noqa: S608 - ours
            f"WHERE v.key = ? AND v.kind IN ('text', 'bool', 'int') {scope.replace('WHERE', 'AND')} "
            f"GROUP BY v.text, v.kind, v.value ORDER BY 4 DESC, 1, 3 LIMIT {_MOST_ITEMS}"
        )
        for text, kind, value, runs in store.catalog.rows(sql, (key, *values)):
            items.append(
                _value(text, runs) if kind == "text" else Completion(str(value), "value", _runs(runs))
            )
    return items


def _value(text: str, runs: int) -> Completion:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return Completion(f'"{escaped}"', "value", _runs(runs))


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
