"""From a name in a filter to where its value lies, with a "did you mean" for names nobody logged."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from trackrecord.query.lives import Lives
from trackrecord.query.sources import FieldKind, Source, Sources, TagSource
from trackrecord.query.syntax import FIGURES, NAMESPACES, Name
from trackrecord.store.columns.column import Array, Column, Kind, Texts
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.errors import NotFoundError, QueryError
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.columns.columns import ColumnView
    from trackrecord.store.contract import Rows

#: how the catalog calls what filters call by the name in front
SPACES = {"summary": "summary", "metrics": "metric", "params": "param"}

# How a figure of a metric is called in the catalog.
_FIGURE_COLUMNS = {figure: figure for figure in FIGURES} | {"step": "last_step"}

_TEXT_FIELDS = (
    "name",
    "id",
    "group",
    "user",
    "host",
    "notes",
    "hypothesis",
    "parent",
    "project",
    "experiment",
)
_NUMBER_FIELDS = ("duration", "points", "problems", "last_step", "exit_code")
#: fields that hold a moment
TIME_FIELDS = ("created", "ended", "archived", "deleted")

#: Fields that every run has by itself, in the order in which they are offered.
FIELDS = (
    "state",
    "name",
    "tags",
    "created",
    "ended",
    "duration",
    *_TEXT_FIELDS[1:],
    *_NUMBER_FIELDS[1:],
    *TIME_FIELDS[2:],
)

_PLAIN_NAME = re.compile(r"[^\W\d][\w/:@%-]*(?:\.[\w/:@%-]+)*\Z")
_KEYWORDS = {"and", "or", "not", "in", "is", "contains", "startswith", "endswith", "missing", "nan", "inf"}
_KEYWORDS |= {"true", "false", "none", "null"}


def project_number(rows: Rows, name: str) -> int:
    """Return the number of a project. Raises NotFoundError with suggestions."""
    found = rows("SELECT number FROM project WHERE name = ?", (name,))
    if found:
        return int(found[0][0])
    names = [row[0] for row in rows("SELECT name FROM project ORDER BY changed DESC LIMIT 1000")]
    raise NotFoundError(
        f"There is no project {name!r}.",
        suggestions=close_names(name, names),
        hint=None if names else "The store has no project yet.",
    )


def contracts_by_project(rows: Rows, project: int | None = None) -> dict[int, list[MetricContract]]:
    """Return the metric contracts of one project or of all, by project number."""
    condition, values = ("", ()) if project is None else (" WHERE project = ?", (project,))
    sql = "SELECT project, pattern, goal, unit, is_primary, x, low, high, description FROM contract"
    contracts: dict[int, list[MetricContract]] = {}
    for row in rows(f"{sql}{condition} ORDER BY project, pattern", values):
        number, pattern, goal, unit, primary, x, low, high, description = row
        contract = MetricContract(pattern, goal, unit, bool(primary), x, low, high, description)
        contracts.setdefault(number, []).append(contract)
    return contracts


def close_names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that were probably meant, best first.

    >>> close_names("acuracy", ["val/accuracy", "lr", "accuracy"])
    ('accuracy', 'val/accuracy')
    """
    by_form: dict[str, str] = {}
    for candidate in names:
        by_form.setdefault(candidate.lower(), candidate)
    wanted = name.lower()
    same = [form for form in by_form if form == wanted]
    last_parts: dict[str, list[str]] = {}
    for form in by_form:
        last_parts.setdefault(re.split(r"[/.]", form)[-1], []).append(form)
    ranked = [*same, *last_parts.get(wanted, ())]
    ranked += difflib.get_close_matches(wanted, list(by_form), n=3, cutoff=0.6)
    for part in difflib.get_close_matches(wanted, list(last_parts), n=3, cutoff=0.75):
        ranked += last_parts[part]
    return tuple(by_form[form] for form in dict.fromkeys(ranked))[:3]


def written_name(key: str, namespace: str | None = None) -> str:
    """Return how a key is written in a filter.

    >>> written_name("val/accuracy"), written_name("my loss"), written_name("lr", "params")
    ('val/accuracy', '`my loss`', 'params.lr')
    """
    plain = _PLAIN_NAME.match(key) is not None
    if namespace is not None:
        return f"{namespace}.{key}" if plain else f"{namespace}.{_in_backticks(key)}"
    reserved = key in FIELDS or key.lower() in _KEYWORDS or key.partition(".")[0] in NAMESPACES
    return key if plain and not reserved else _in_backticks(key)


def _in_backticks(key: str) -> str:
    return "`" + key.replace("`", "``") + "`"


class Names:
    """The names that can be used in filters over one store, or over one project of it."""

    def __init__(self, view: ColumnView, lives: Lives, project: int | None = None) -> None:
        self._view = view
        self._lives = lives
        self._project = project
        self._contracts: dict[int, list[MetricContract]] | None = None

    @property
    def now(self) -> int:
        """The moment against which ``-7d`` counts, nanoseconds since 1970."""
        return self._lives.now

    @property
    def size(self) -> int:
        """How long every column is."""
        return self._view.size

    def resolve(self, name: Name, text: str = "") -> Sources:
        """Return the sources of a name in order; none at all in a store where nothing has a name yet.

        Raises QueryError, with suggestions, for a name that nothing in the store has.
        """
        if name.namespace is None and not name.exact and name.key in FIELDS:
            return self.field(name.key)
        found: tuple[Source, ...] = ()
        key, figure = name.key, name.figure
        if figure is None:
            found = self._keyed(name.namespace, key)
            if not found and not name.exact and name.namespace in (None, "metrics"):
                key, _, figure = key.rpartition(".")
        if not found and key and figure in FIGURES:
            found = self._metric(key, figure)
            if not found and self._is_known("metrics", key):
                raise _no_goal(name, key, text)
        if not found and self._has_any_name():
            raise self._unknown(name, text)
        return found

    def field(self, name: str) -> tuple[Source, ...] | TagSource:
        """Return the source of a field that every run has by itself."""
        view = self._view
        if name == "tags":
            return TagSource(view.tags(), view.size)
        if name == "state":
            return (Source.of(self._states(), FieldKind.STATE),)
        if name == "duration":
            return (Source.of(self._durations(), FieldKind.NUMBER),)
        if name in TIME_FIELDS:
            return (Source.of(view.field(name), FieldKind.TIME),)
        if name in ("project", "experiment"):
            return (Source.of(self._called(name), FieldKind.TEXT),)
        kind = FieldKind.TEXT if name in _TEXT_FIELDS else FieldKind.NUMBER
        return (Source.of(view.field("group_name" if name == "group" else name), kind),)

    def _called(self, table: str) -> Column:
        """Return the names of the projects or experiments of the runs."""
        numbers = self._view.field(table)
        called = self._view.rows(f"SELECT number, name FROM {table} ORDER BY number")  # noqa: S608 - ours
        texts = Texts()
        code_of = np.full(max((row[0] for row in called), default=0) + 1, -1, np.int64)
        code_of[[row[0] for row in called]] = texts.codes([row[1] for row in called])
        there = numbers.kinds != Kind.MISSING
        codes = np.where(there, code_of[np.where(there, numbers.numbers, 0)], -1)
        return _text_column(self._view.revision, codes, texts)

    def _states(self) -> Column:
        """Return the states, those of live runs as they are at this moment."""
        ended = self._view.field("ended_state")
        texts = Texts(state.value for state in RunState)
        codes = np.full(self.size, -1, np.int64)
        if ended.codes is not None and ended.texts is not None:
            said = ended.kinds == Kind.TEXT
            codes[said] = texts.codes(ended.texts.texts)[ended.codes[said]]
        unsaid = np.flatnonzero((ended.kinds == Kind.MISSING) & self._view.exists())
        codes[unsaid] = texts.codes([self._lives.state(run, None).value for run in unsaid.tolist()])
        return _text_column(self._view.revision, codes, texts)

    def _durations(self) -> Column:
        """Return the seconds from creation to the end: to now while a run lives, else to its last sign of life."""
        view = self._view
        ended, grown_at = view.field("ended"), view.field("grown_at").numbers
        said = view.field("ended_state").kinds == Kind.TEXT
        ends = np.where(said & (ended.kinds != Kind.MISSING), ended.numbers, grown_at)
        for run in np.flatnonzero(~said & view.exists()).tolist():
            if not self._lives.state(run, None).has_ended():
                ends[run] = self._lives.now
        seconds = np.maximum(0.0, (ends - view.field("created").numbers) / 1e9)
        there = view.exists()
        return Column(
            view.revision,
            np.where(there, np.uint8(Kind.FLOAT), np.uint8(0)),
            np.where(there, seconds, np.nan),
        )

    def keys(self, namespace: str) -> list[str]:
        """Return the keys of one namespace, of the project first, then of the whole store."""
        space = SPACES[namespace]
        everyone = self._view.exists()
        found: list[str] = []
        for project in dict.fromkeys([self._project, None]):
            counts = self._view.key_counts(everyone, project)
            found += sorted({key for its_space, key, _ in counts if its_space == space})
        return list(dict.fromkeys(found))

    def _keyed(self, namespace: str | None, key: str) -> tuple[Source, ...]:
        found: list[Source] = []
        for candidate in ("summary", "metrics", "params"):
            if namespace in (None, candidate):
                if candidate == "metrics":
                    found += self._metric(key, "last")
                elif (column := self._view.value(SPACES[candidate], key)) is not None:
                    found.append(Source.of(column))
        return tuple(found)

    def _metric(self, key: str, figure: str) -> tuple[Source, ...]:
        if figure in ("best", "best_step"):
            return self._best(key, "_step" if figure == "best_step" else "")
        column = self._view.figure(key, _FIGURE_COLUMNS[figure])
        return () if column is None else (Source.of(column),)

    def _best(self, key: str, suffix: str) -> tuple[Source, ...]:
        if self._contracts is None:
            self._contracts = contracts_by_project(self._view.rows, self._project)
        by_goal: dict[str, list[int]] = {}
        for project, contracts in self._contracts.items():
            contract = contract_for(key, contracts)
            if contract is not None and contract.goal is not None:
                by_goal.setdefault(contract.goal, []).append(project)
        found = []
        for goal, projects in sorted(by_goal.items()):
            column = self._view.figure(key, goal + suffix)
            if column is not None:
                found.append(Source.of(column, among=np.isin(self._view.field("project").numbers, projects)))
        return tuple(found)

    def _is_known(self, namespace: str, key: str) -> bool:
        if namespace == "metrics":
            return self._view.figure(key, "last") is not None
        return self._view.value(SPACES[namespace], key) is not None

    def _has_any_name(self) -> bool:
        return any(
            self._view.rows(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - a table of ours
            for table in SPACES.values()
        )

    def _unknown(self, name: Name, text: str) -> QueryError:
        wanted = name.key
        if name.namespace is None:
            candidates = {written_name(key): key for space in NAMESPACES for key in self.keys(space)}
            candidates |= {field: field for field in FIELDS}
            what = "summary, metric, param or field of a run"
        else:
            candidates = {written_name(key, name.namespace): key for key in self.keys(name.namespace)}
            for space in NAMESPACES:
                if space != name.namespace and self._is_known(space, name.key):
                    candidates[written_name(name.key, space)] = name.key
            what = {"summary": "summary value", "metrics": "metric", "params": "param"}[name.namespace]
        written: dict[str, list[str]] = {}
        for form, key in candidates.items():
            written.setdefault(key, []).append(form)
        near = close_names(wanted, written)
        suggestions = [form for key in near for form in reversed(written[key])]
        return QueryError(
            f"No run has a {what} called {name.written[:200]!r}.",
            text=text,
            position=name.position,
            suggestions=tuple(dict.fromkeys(suggestions))[:3],
            hint=None if suggestions else "`trackrecord show RUN` lists every name that a run has.",
        )


def _no_goal(name: Name, key: str, text: str) -> QueryError:
    return QueryError(
        f"Which value of {key[:200]!r} is the best is not known: no metric contract states its goal.",
        text=text,
        position=name.position,
        suggestions=(f'metrics["{key}"].max', f'metrics["{key}"].min'),
        hint=f'State it once: tr.define_metric("{key}", goal="max").',
    )


def _text_column(revision: int, codes: Array, texts: Texts) -> Column:
    kinds = np.where(codes >= 0, np.uint8(Kind.TEXT), np.uint8(Kind.MISSING))
    return Column(revision, kinds, np.full(len(codes), np.nan), codes, texts)
