"""The same filter, once over columns and once by the book over values in memory, finds the same runs.

The columns come from the rows, from stored blocks of 16 runs, or from such blocks and rows that changed since.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.query.make_store import StoreMaker, typed
from trackrecord.query.runs import select_runs
from trackrecord.store.columns import blocks as column_blocks
from trackrecord.store.columns import columns
from trackrecord.store.embedded import EmbeddedStore

MISSING = object()
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 3, 10**20, 0.0, 0.5, 1.0, -2.5, 1e300, math.nan, math.nan, math.inf, -math.inf,
    "", "adam", "Adam", "sgd", "1", "a'b\"c", "%_", "größe", "x" * 50, [1, 2], {"a": 1},
]  # fmt: skip
SERIES: list[list[float]] = [
    [0.5], [1.0, 3.0], [math.nan], [0.0, math.nan], [math.inf, 1.0], [-1.0, -math.inf], [math.nan, 0.5, 2.0], [3.0],
]  # fmt: skip
TAGS = ["baseline", "best", "a'b"]


@dataclass
class Plain:
    """A run as plain values."""

    id: str = ""
    created: int = 0
    name: str = ""
    tags: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    state: str = "finished"
    archived: bool = False
    deleted: bool = False


Runs = tuple[EmbeddedStore, list[Plain]]


@pytest.fixture(scope="module", params=["rows", "blocks", "changed since"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """80 runs of any mixture of values; the same ones every time."""
    maker = StoreMaker(tmp_path_factory.mktemp("store"))
    chance = random.Random(20261120)
    with pytest.MonkeyPatch.context() as patch:
        for module in (column_blocks, columns):
            patch.setattr(module, "BLOCK", 16)
        patch.setattr(columns, "MOST_STALE", 7)
        patch.setattr(column_blocks, "_FEW", 6)
        runs = _made(maker, chance)
        if request.param != "rows":
            with maker.store.connections.writing(5) as connection:
                assert not columns.tidy(connection, 60.0)
                assert connection.execute("SELECT count(*) FROM column_block").fetchone()[0] >= 5
        if request.param == "changed since":
            for number in chance.sample(range(80), 12):
                _change(maker, runs[number], number + 1, chance)
        yield maker.store, runs
    maker.store.close()


def _change(maker: StoreMaker, run: Plain, number: int, chance: random.Random) -> None:
    """Redact one value, log another one for the first time, and put the run away or take it back."""
    run.params.pop("a", None)
    run.archived = not run.archived
    with maker.store.connections.writing(5) as connection:
        connection.execute("DELETE FROM param WHERE run = ? AND key = 'a'", (number,))
        connection.execute(
            "UPDATE run SET archived = ? WHERE number = ?", (5 if run.archived else None, number)
        )
    if "b" not in run.summary:
        run.summary["b"] = chance.choice(VALUES)
        maker.insert("summary", run=number, key="b", **typed(run.summary["b"]))
    maker.touch(number)


def _made(maker: StoreMaker, chance: random.Random) -> list[Plain]:
    runs = []
    for number in range(80):
        plain = Plain(
            name=chance.choice(["quiet-river", "mlp-1", "mlp-2", "größe"]),
            tags=tuple(tag for tag in TAGS if chance.random() < 0.3),
            created=10**18 + chance.randrange(20),
        )
        for key in ("a", "c"):
            if chance.random() < 0.7:
                plain.params[key] = chance.choice(VALUES)
        for key in ("b", "c"):
            if chance.random() < 0.5:
                plain.summary[key] = chance.choice(VALUES)
        for key in ("m/x", "c"):
            if chance.random() < 0.6:
                plain.metrics[key] = chance.choice(SERIES)
        plain.state = chance.choice(["finished", "finished", "failed", "running", "crashed"])
        plain.archived, plain.deleted = chance.random() < 0.2, chance.random() < 0.1
        plain.id = maker.run(
            plain.name,
            tags=plain.tags,
            params=plain.params,
            summary=plain.summary,
            metrics=plain.metrics,
            created=plain.created,
            id=f"{chance.randrange(16**8):08x}{number:024x}",
            state=plain.state if plain.state in ("finished", "failed") else None,
            archived=5 if plain.archived else None,
            deleted=5 if plain.deleted else None,
        )
        if plain.state in ("running", "crashed"):
            heard = time.time_ns() + 10**13 if plain.state == "running" else 1
            maker.insert(
                "writer",
                run=number + 1,
                writer="w",
                role="begin",
                process="{}",
                started=1,
                grown_at=heard,
                gone=0,
            )
        runs.append(plain)
    return runs


# -- the language by the book: a test is True, False or None (unknown)

Truth = bool | None
OneTest = tuple[str, Callable[[Plain], Truth]]


def _last(series: list[float]) -> float:
    return series[-1]


def _finite(series: list[float], choose: Callable[[list[float]], float]) -> float:
    finite = [value for value in series if math.isfinite(value)]
    return choose(finite) if finite else math.nan


def _bare(run: Plain, key: str) -> Any:
    if key in run.summary:
        return run.summary[key]
    if key in run.metrics:
        return _last(run.metrics[key])
    return run.params.get(key, MISSING)


def _figure(run: Plain, key: str, figure: Callable[[list[float]], float]) -> Any:
    return figure(run.metrics[key]) if key in run.metrics else MISSING


NAMES: dict[str, Callable[[Plain], Any]] = {
    "a": lambda run: _bare(run, "a"),
    "b": lambda run: _bare(run, "b"),
    "c": lambda run: _bare(run, "c"),
    "m/x": lambda run: _bare(run, "m/x"),
    "params.a": lambda run: run.params.get("a", MISSING),
    'params["c"]': lambda run: run.params.get("c", MISSING),
    "summary.c": lambda run: run.summary.get("c", MISSING),
    "metrics.c": lambda run: _figure(run, "c", _last),
    'metrics["m/x"].max': lambda run: _figure(run, "m/x", lambda series: _finite(series, max)),
    "m/x.min": lambda run: _figure(run, "m/x", lambda series: _finite(series, min)),
    "`m/x`.points": lambda run: _figure(run, "m/x", lambda series: float(len(series))),
    "name": lambda run: run.name,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _is_unknown(value: Any) -> bool:
    return value is MISSING or (isinstance(value, float) and math.isnan(value))


def _equal(value: Any, literal: Any) -> bool:
    if _is_number(value) and _is_number(literal):
        return float(value) == float(literal)
    return type(value) is type(literal) and bool(value == literal)


def _text(literal: Any) -> str:
    if isinstance(literal, str):
        return '"' + literal.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(literal, bool) or literal is None:
        return str(literal).lower()
    return repr(literal)


LITERALS = [value for value in VALUES if not isinstance(value, (list, dict)) and not _is_unknown(value)]


def _fits_type(name: str, literal: Any) -> bool:
    return name != "name" or isinstance(literal, str)


@st.composite
def _equality(draw: st.DrawFn) -> OneTest:
    name = draw(st.sampled_from(sorted(NAMES)))
    literals = [
        each for each in draw(st.lists(st.sampled_from(LITERALS), max_size=4)) if _fits_type(name, each)
    ]
    negated = draw(st.booleans())
    get = NAMES[name]

    def holds(run: Plain) -> Truth:
        value = get(run)
        if _is_unknown(value):
            return None
        return any(_equal(value, literal) for literal in literals) is not negated

    if len(literals) == 1 and draw(st.booleans()):
        return f"{name} {'!=' if negated else '=='} {_text(literals[0])}", holds
    return f"{name} {'not in' if negated else 'in'} [{', '.join(map(_text, literals))}]", holds


@st.composite
def _ordering(draw: st.DrawFn) -> OneTest:
    name = draw(st.sampled_from(sorted(NAMES)))
    literal = draw(
        st.sampled_from([each for each in LITERALS if each is not None and _fits_type(name, each)])
    )
    operator = draw(st.sampled_from(["<", "<=", ">", ">="]))
    compare: Callable[[Any, Any], bool] = {
        "<": lambda x, y: x < y,
        "<=": lambda x, y: x <= y,
        ">": lambda x, y: x > y,
        ">=": lambda x, y: x >= y,
    }[operator]
    get = NAMES[name]

    def holds(run: Plain) -> Truth:
        value = get(run)
        if _is_unknown(value):
            return None
        if _is_number(value) and _is_number(literal):
            return compare(float(value), float(literal))
        if isinstance(value, str) and isinstance(literal, str):
            return compare(value, literal)
        return None

    flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
    return draw(
        st.sampled_from([f"{name} {operator} {_text(literal)}", f"{_text(literal)} {flipped} {name}"])
    ), holds


@st.composite
def _text_test(draw: st.DrawFn) -> OneTest:
    name = draw(st.sampled_from(sorted(NAMES)))
    piece = draw(st.sampled_from(["", "a", "da", "m", "A", "%", "'", '"', "ß", "x" * 51, "adam", "-1"]))
    operator = draw(st.sampled_from(["contains", "startswith", "endswith", "~", "!~"]))
    negated = operator == "!~"
    word = "not " if operator.isalpha() and draw(st.booleans()) else ""
    get = NAMES[name]

    def holds(run: Plain) -> Truth:
        value = get(run)
        if not isinstance(value, str):
            return None
        found = {
            "contains": piece in value,
            "startswith": value.startswith(piece),
            "endswith": value.endswith(piece),
        }.get(operator, re.search(re.escape(piece), value) is not None)
        return found is not (negated or bool(word))

    pattern = re.escape(piece) if "~" in operator else piece
    return f"{name} {word}{operator} {_text(pattern)}", holds


@st.composite
def _state_test(draw: st.DrawFn) -> OneTest:
    name = draw(st.sampled_from(sorted(NAMES)))
    what = draw(st.sampled_from(["missing", "nan"]))
    negated = draw(st.booleans())
    get = NAMES[name]

    def holds(run: Plain) -> Truth:
        value = get(run)
        if what == "missing":
            return (value is MISSING) is not negated
        return None if value is MISSING else _is_unknown(value) is not negated

    return f"{name} is {'not ' if negated else ''}{what}", holds


@st.composite
def _tag_test(draw: st.DrawFn) -> OneTest:
    tag = draw(st.sampled_from([*TAGS, "no such tag"]))
    form = draw(st.sampled_from(["{} in tags", "tags contains {}", "tags == {}"]))
    if draw(st.booleans()):
        return f"not ({form.format(_text(tag))})", lambda run: tag not in run.tags
    return form.format(_text(tag)), lambda run: tag in run.tags


def _all(truths: list[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def _any(truths: list[Truth]) -> Truth:
    return True if True in truths else None if None in truths else False


def _opposite(test: OneTest) -> OneTest:
    def holds(run: Plain) -> Truth:
        truth = test[1](run)
        return None if truth is None else not truth

    return f"not ({test[0]})", holds


def _combined(tests: st.SearchStrategy[OneTest]) -> st.SearchStrategy[OneTest]:
    def joined(word: str, join: Callable[[list[Truth]], Truth]) -> Callable[[list[OneTest]], OneTest]:
        return lambda parts: (
            f" {word} ".join(f"({text})" for text, _ in parts),
            lambda run: join([holds(run) for _, holds in parts]),
        )

    several = st.lists(tests, min_size=2, max_size=4)
    return st.one_of(tests.map(_opposite), several.map(joined("and", _all)), several.map(joined("or", _any)))


@st.composite
def _field_test(draw: st.DrawFn) -> OneTest:
    """Fields of a run that no name and no value is about: its state, and whether it was put or thrown away."""
    state = draw(st.sampled_from(["finished", "failed", "running", "crashed", "stopped"]))
    found: OneTest = draw(
        st.sampled_from(
            [
                (f'state == "{state}"', lambda run: run.state == state),
                (f'state != "{state}"', lambda run: run.state != state),
                ("archived is missing", lambda run: not run.archived),
                ("archived < 2026-01-01", lambda run: True if run.archived else None),
                ("deleted is not missing", lambda run: run.deleted),
            ]
        )
    )
    return found


TESTS = st.one_of(_equality(), _ordering(), _text_test(), _state_test(), _tag_test(), _field_test())
FILTERS = st.recursive(st.one_of(TESTS, TESTS.map(_opposite)), _combined, max_leaves=6)


def _shown(run: Plain, text: str) -> bool:
    """Tell whether a list shows a run that fits: not when it is put or thrown away and the filter does not say so."""
    return (not run.archived or "archived" in text) and (not run.deleted or "deleted" in text)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(test=FILTERS)
def test_a_filter_agrees_with_the_book(recorded: Runs, test: OneTest) -> None:
    """A filter finds exactly the runs that the rules of docs/query.md name, and counts them exactly."""
    store, runs = recorded
    text, holds = test
    page = select_runs(store, where=text, limit=None)

    assert {run.id for run in page.rows} == {
        run.id for run in runs if holds(run) is True and _shown(run, text)
    }, text
    assert page.total == len(page.rows)


# -- order


def _rank(value: Any) -> int:
    if value is MISSING:
        return 4
    if _is_unknown(value):
        return 3
    return 0 if _is_number(value) else 1 if isinstance(value, str) else 2


def _sorted_by(runs: list[Plain], get: Callable[[Plain], Any], *, descending: bool) -> list[Plain]:
    by_rank: dict[int, list[Plain]] = {rank: [] for rank in range(5)}
    for run in runs:
        by_rank[_rank(get(run))].append(run)
    # A stable sort keeps ties as they are, in both directions.
    by_rank[0].sort(key=lambda run: float(get(run)), reverse=descending)
    by_rank[1].sort(key=get, reverse=descending)
    return [run for rank in by_rank.values() for run in rank]


def _by_the_book(runs: list[Plain], keys: list[tuple[str, bool]]) -> list[str]:
    ordered = sorted(runs, key=lambda run: (-run.created, run.id))
    for name, descending in reversed(keys):
        ordered = _sorted_by(ordered, NAMES[name], descending=descending)
    return [run.id for run in ordered]


SORT_KEYS = st.lists(st.tuples(st.sampled_from(sorted(NAMES)), st.booleans()), max_size=3)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=SORT_KEYS, size=st.integers(1, 90))
def test_order_and_pages_agree_with_the_book(recorded: Runs, keys: list[tuple[str, bool]], size: int) -> None:
    """Any order is complete, puts NaN and then missing last both ways, and pages are slices of it."""
    store, runs = recorded
    order = [f"{'-' if descending else ''}{name}" for name, descending in keys]
    expected = _by_the_book([run for run in runs if not run.archived and not run.deleted], keys)

    seen: list[str] = []
    cursor = None
    while True:
        page = select_runs(store, order_by=",".join(order), limit=size, cursor=cursor, columns=[])
        seen += [run.id for run in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == expected
