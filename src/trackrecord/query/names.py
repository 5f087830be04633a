"""From a name in a filter to where its value lies, with a "did you mean" for names nobody logged."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trackrecord.query.lives import Lives
from trackrecord.query.sources import FieldKind, FieldSource, KeySource, Source
from trackrecord.query.sql import whole_numbers
from trackrecord.query.syntax import FIGURES, NAMESPACES, Name
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.errors import NotFoundError, QueryError

if TYPE_CHECKING:
    from trackrecord.store.contract import Catalog, Store

_TABLES = {"summary": "summary", "metrics": "metric", "params": "param"}

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
)

_SUBQUERIES = {
    "project": "(SELECT p.name FROM project AS p WHERE p.number = run.project)",
    "experiment": "(SELECT e.name FROM experiment AS e WHERE e.number = run.experiment)",
    "group": "run.group_name",
}
_ALWAYS_THERE = ("name", "id", "project", "created", "state", "duration", "points", "problems")

_PLAIN_NAME = re.compile(r"[^\W\d][\w/:@%-]*(?:\.[\w/:@%-]+)*\Z")
_KEYWORDS = {"and", "or", "not", "in", "is", "contains", "startswith", "endswith", "missing", "nan", "inf"}
_KEYWORDS |= {"true", "false", "none", "null"}

# For a "did you mean" it is enough to know this many names.
_MOST_NAMES = 20_000


def project_number(catalog: Catalog, name: str) -> int:
    """Return the number of a project. Raises NotFoundError with suggestions."""
    found = catalog.rows("SELECT number FROM project WHERE name = ?", (name,))
    if found:
        return int(found[0][0])
    names = [row[0] for row in catalog.rows("SELECT name FROM project ORDER BY changed DESC LIMIT 1000")]
    raise NotFoundError(
        f"There is no project {name!r}.",
        suggestions=close_names(name, names),
        hint=None if names else "The store has no project yet.",
    )


def contracts_by_project(catalog: Catalog, project: int | None = None) -> dict[int, list[MetricContract]]:
    """Return the metric contracts of one project or of all, by project number."""
    condition, values = ("", ()) if project is None else (" WHERE project = ?", (project,))
    sql = "SELECT project, pattern, goal, unit, is_primary, x, low, high, description FROM contract"
    contracts: dict[int, list[MetricContract]] = {}
    for row in catalog.rows(f"{sql}{condition} ORDER BY project, pattern", values):
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

    def __init__(self, store: Store, lives: Lives, project: int | None = None) -> None:
        self._catalog = store.catalog
        self._lives = lives
        self._project = project
        self._contracts: dict[int, list[MetricContract]] | None = None

    @property
    def now(self) -> int:
        """The moment against which ``-7d`` counts, nanoseconds since 1970."""
        return self._lives.now

    def resolve(self, name: Name, text: str = "") -> tuple[Source, ...]:
        """Return the sources of a name in order; none at all in a store where nothing has a name yet.

        Raises QueryError, with suggestions, for a name that nothing in the store has.
        """
        if name.namespace is None and not name.exact and name.key in FIELDS:
            return (self.field(name.key),)
        found: tuple[Source, ...] = ()
        key, figure = name.key, name.figure
        if figure is None:
            found = self._keyed(name.namespace, key)
            if not found and not name.exact and name.namespace in (None, "metrics"):
                key, _, figure = key.rpartition(".")
        if not found and key and figure in FIGURES:
            found = self._metric(key, figure)
            if not found and self._is_known("metric", key):
                raise _no_goal(name, key, text)
        if not found and self._has_any_name():
            raise self._unknown(name, text)
        return found

    def field(self, name: str) -> FieldSource:
        """Return the source of a field that every run has by itself."""
        there = name in _ALWAYS_THERE
        if name == "tags":
            return FieldSource(name, FieldKind.TAGS, "tags", always_there=True)
        if name == "state":
            return FieldSource(name, FieldKind.STATE, self._lives.state_sql, there)
        if name == "duration":
            return FieldSource(name, FieldKind.NUMBER, self._lives.duration_sql, there)
        if name in ("created", "ended"):
            return FieldSource(name, FieldKind.TIME, f"run.{name}", there)
        kind = FieldKind.TEXT if name in _TEXT_FIELDS else FieldKind.NUMBER
        return FieldSource(name, kind, _SUBQUERIES.get(name, f"run.{name}"), there)

    def keys(self, namespace: str) -> list[str]:
        """Return the keys of one namespace, of the project first, then of the whole store."""
        table = _TABLES[namespace]
        everywhere = f"SELECT DISTINCT key FROM {table} ORDER BY key LIMIT {_MOST_NAMES}"  # noqa: S608 - ours
        found = [row[0] for row in self._catalog.rows(everywhere)]
        if self._project is None:
            return found
        here = f"SELECT DISTINCT v.key FROM run JOIN {table} AS v ON v.run = run.number WHERE run.project = ?"  # noqa: S608 - ours
        mine = sorted(row[0] for row in self._catalog.rows(here, (self._project,)))
        return list(dict.fromkeys([*mine, *found]))

    def _keyed(self, namespace: str | None, key: str) -> tuple[Source, ...]:
        found: list[Source] = []
        for candidate in ("summary", "metrics", "params"):
            if namespace in (None, candidate):
                if candidate == "metrics":
                    found += self._metric(key, "last")
                elif self._is_known(_TABLES[candidate], key):
                    found.append(KeySource(_TABLES[candidate], key))
        return tuple(found)

    def _metric(self, key: str, figure: str) -> tuple[Source, ...]:
        if not self._is_known("metric", key):
            return ()
        if figure in ("best", "best_step"):
            return self._best(key, "_step" if figure == "best_step" else "")
        return (KeySource("metric", key, _FIGURE_COLUMNS[figure]),)

    def _best(self, key: str, suffix: str) -> tuple[Source, ...]:
        if self._contracts is None:
            self._contracts = contracts_by_project(self._catalog, self._project)
        by_goal: dict[str, list[int]] = {}
        for project, contracts in self._contracts.items():
            contract = contract_for(key, contracts)
            if contract is not None and contract.goal is not None:
                by_goal.setdefault(contract.goal, []).append(project)
        return tuple(
            KeySource("metric", key, goal + suffix, f"run.project IN ({whole_numbers(projects)})")
            for goal, projects in sorted(by_goal.items())
        )

    def _is_known(self, table: str, key: str) -> bool:
        # One probe per index; the last one is for values that are neither number nor text.
        probes: tuple[str, ...] = ("",)
        if table != "metric":
            probes = (
                " AND number IS NOT NULL",
                " AND text IS NOT NULL",
                " AND number IS NULL AND text IS NULL",
            )
        return any(
            self._catalog.rows(f"SELECT 1 FROM {table} WHERE key = ?{probe} LIMIT 1", (key,))  # noqa: S608 - ours
            for probe in probes
        )

    def _has_any_name(self) -> bool:
        return any(
            self._catalog.rows(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - a table of ours
            for table in _TABLES.values()
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
                if space != name.namespace and self._is_known(_TABLES[space], name.key):
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
