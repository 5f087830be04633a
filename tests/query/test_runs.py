"""The table of runs: names, fields, times, order, pages, and what an attacker can do with a filter."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.query.make_store import SECOND, START, StoreMaker
from trackrecord.query.runs import select_runs
from trackrecord.words.errors import NotFoundError, QueryError, UsageError
from trackrecord.words.states import RunState


def _names(maker: StoreMaker, where: str, **options: Any) -> list[str]:
    return [run.name for run in select_runs(maker.store, where=where, **options).rows]


def test_an_empty_store_fails_no_query(maker: StoreMaker) -> None:
    """Where nothing has a name yet, an unknown name is no match; what is no filter stays an error."""
    assert _names(maker, "val/accuracy > 0.9 and params.lr == 1", order_by="-val/accuracy") == []
    with pytest.raises(QueryError):
        _names(maker, "val/accuracy >")


def test_unknown_names_get_suggestions_and_a_position(maker: StoreMaker) -> None:
    """A name that no run has is an error that points at it and says what was probably meant."""
    maker.run(params={"learning_rate": 1, "odd name": 2}, metrics={"val/accuracy": [1.0]})

    def error(where: str, **options: Any) -> QueryError:
        with pytest.raises(QueryError) as caught:
            _names(maker, where, **options)
        return caught.value

    assert error("name == 'x' and acuracy > 1").suggestions == ("val/accuracy",)
    assert error("name == 'x' and acuracy > 1").position == 16
    assert error("params.learning_rat == 1").suggestions == ("params.learning_rate",)
    assert error("odd_name == 1").suggestions[0] == "`odd name`"
    assert error("params.val/accuracy == 1").suggestions == ("metrics.val/accuracy",)
    assert error("sate == 'running'").suggestions[0] == "state"
    assert error("state == 'finshed'").suggestions[0] == '"finished"'
    assert error("", order_by="-val/acuracy").suggestions == ("val/accuracy",)
    assert (
        error("val/accuracy.best > 1").hint == 'State it once: tr.define_metric("val/accuracy", goal="max").'
    )


def test_a_name_known_in_another_project_is_no_error(maker: StoreMaker) -> None:
    """The same filter can be used on every project of a store."""
    maker.run(project="one", params={"lr": 1})
    maker.run(project="two", params={"depth": 1})
    assert _names(maker, "lr == 1", project="two") == []


def test_unknown_project_names_the_right_one(maker: StoreMaker) -> None:
    """A misspelt project is an error with a suggestion."""
    maker.run(project="digits")
    with pytest.raises(NotFoundError) as caught:
        _names(maker, "", project="digit")
    assert caught.value.suggestions == ("digits",)


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE run; --",
        '" OR 1=1 --',
        "x') UNION SELECT 1 --",
        "?1",
        ":name",
        "a`b",
        "a\"b'c",
        "%",
    ],
)
def test_user_text_never_becomes_sql(maker: StoreMaker, text: str) -> None:
    """Names, values, patterns, projects, columns and orders of any shape only ever are values."""
    maker.run("victim", params={"safe": 1, text: text}, tags=[text], project=text)
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    backticks = "`" + text.replace("`", "``") + "`"
    assert _names(maker, f"{backticks} == {quoted}", project=text, order_by=f"-{backticks}") == ["victim"]
    assert _names(maker, f"{quoted} in tags and params.safe == 1") == ["victim"]
    assert _names(maker, f"name == {quoted} or name contains {quoted}") == []
    page = select_runs(maker.store, columns=[f"params.{text}"])
    assert dict(page.rows[0].params) == {text: text}
    assert _names(maker, "") == ["victim"]


def test_fields_of_a_run(maker: StoreMaker) -> None:
    """Every field can be asked for by its name."""
    maker.run(
        "a", group_name="g1", user="ada", host="gpu3", notes="first try", experiment="Q1", parent="p" * 8
    )
    maker.run("b", state="failed", exit_code=1, project="iris")
    assert _names(maker, 'group == "g1" and user == "ada" and host startswith "gpu"') == ["a"]
    assert _names(maker, 'notes contains "first" and experiment == "Q1" and parent == "pppppppp"') == ["a"]
    assert _names(maker, "experiment is missing and group is missing and notes is missing") == ["b"]
    assert _names(maker, 'state == "failed" and exit_code != 0 and project == "iris"') == ["b"]
    assert _names(maker, 'state in ["finished", "failed"]') == ["b", "a"]
    assert _names(maker, 'id endswith "1"') == ["a"]


def test_a_field_wins_over_a_param_of_the_same_name(maker: StoreMaker) -> None:
    """`state` always is the state, whatever was logged; params and backticks reach the logged one."""
    maker.run("a", params={"state": "x", "created": 5})
    assert _names(maker, 'state == "finished" and params.state == "x" and `state` == "x"') == ["a"]
    assert _names(maker, "params.created == 5", order_by="-created") == ["a"]


def test_summary_metric_and_param_are_tried_in_this_order_for_each_run(maker: StoreMaker) -> None:
    """A bare name takes what a run has: its summary value, else the last of its metric, else its param."""
    maker.run("summary", summary={"accuracy": 0.9}, metrics={"accuracy": [0.1]}, params={"accuracy": 0.2})
    maker.run("metric", metrics={"accuracy": [0.1, 0.8]}, params={"accuracy": 0.2})
    maker.run("param", params={"accuracy": 0.7})
    assert _names(maker, "accuracy >= 0.7", order_by="-accuracy") == ["summary", "metric", "param"]


def test_best_knows_the_goal_of_each_project(maker: StoreMaker) -> None:
    """Best is the max in one project and the min in another, and unknown where no contract states a goal."""
    maker.contract("up", "score", "max")
    maker.contract("down", "sc*", "min")
    maker.run("up", project="up", metrics={"score": [1.0, 5.0, 2.0]})
    maker.run("down", project="down", metrics={"score": [1.0, 5.0, 2.0]})
    maker.run("neither", project="neither", metrics={"score": [1.0, 5.0, 2.0]})
    assert _names(maker, "score.best == 5") == ["up"]
    assert _names(maker, 'metrics["score"].best == 1') == ["down"]
    assert _names(maker, "score.best is missing") == ["neither"]
    assert _names(maker, "score.best_step == 1") == ["up"]
    rows = select_runs(maker.store, order_by="-score.best").rows
    assert [(row.name, row.metrics["score"].best) for row in rows] == [
        ("up", 5.0),
        ("down", 1.0),
        ("neither", None),
    ]


def test_times_and_durations(maker: StoreMaker) -> None:
    """Days are whole days, durations have units, and -7d is a week ago."""
    now = time.time_ns()
    day = 86_400 * SECOND
    maker.run("noon", created=START, ended=START + 90 * SECOND)
    maker.run("late", created=START + 11 * 3600 * SECOND, ended=START + 12 * 3600 * SECOND)
    maker.run("recent", created=now - 2 * day, ended=now - 2 * day + SECOND)
    in_week, both = ["recent"], ["late", "noon"]
    assert _names(maker, "created == 2026-11-20 and ended < 2026-11-22") == both
    assert (
        _names(maker, "created <= 2026-11-20 and created >= 2026-11-20 and not created > 2026-11-20") == both
    )
    assert _names(maker, 'created > "2026-11-20 12:00" and created < 2026-11-21T00:00:00Z') == ["late"]
    assert (
        _names(maker, "created != 2026-11-20 and created > -7d") == in_week if now > START + 8 * day else True
    )
    assert _names(maker, 'duration > 1m and duration <= 1.5min and id != ""') == ["noon"]
    assert _names(maker, "duration >= 3600 and duration == 1h") == ["late"]
    for wrong in (
        "created > 7d",
        "created > 3",
        'created > "soon"',
        "duration > 2026-11-20",
        "created ~ '2'",
    ):
        with pytest.raises(QueryError):
            _names(maker, wrong)


def test_types_of_fields_are_checked(maker: StoreMaker) -> None:
    """A test that can never fit a field is an error, not an empty table."""
    for wrong in (
        "name == 3",
        'points > "a"',
        "name == none",
        "tags > 'a'",
        "3 in tags",
        "tags is nan and name > 1",
    ):
        with pytest.raises(QueryError):
            _names(maker, wrong)


def test_untagged_runs_have_an_empty_set_of_tags(maker: StoreMaker) -> None:
    """Tags are never missing: a run without any is found by `not in`."""
    maker.run("none")
    maker.run("one", tags=["a"])
    maker.run("two", tags=["a", "b"])
    assert _names(maker, '"b" not in tags') == ["one", "none"]
    assert _names(maker, "tags is missing") == ["none"]
    assert _names(maker, "tags is not missing") == ["two", "one"]
    assert _names(maker, 'tags in ["b", "c"] or tags startswith "z"') == ["two"]
    assert _names(maker, 'tags ~ "^[ab]$" and not tags ~ "b"') == ["one"]


def test_records_hold_everything_a_row_shows(maker: StoreMaker) -> None:
    """A record carries typed params, metric figures, summary and tags, exactly as logged."""
    maker.contract("digits", "loss", "min", unit="nats")
    params = {
        "i": 3,
        "f": 0.1,
        "b": True,
        "t": "x",
        "n": None,
        "l": [1, 2.5],
        "nan": math.nan,
        "big": 2**60 + 1,
    }
    run_id = maker.run(
        params=params,
        summary={"s": -math.inf},
        metrics={"loss": [3.0, 1.0, math.nan]},
        tags=["b", "a"],
        last_step=2.0,
    )
    record = select_runs(maker.store).rows[0]
    assert record.id == run_id
    assert repr(dict(sorted(record.params.items()))) == repr(dict(sorted(params.items())))
    assert record.summary == {"s": -math.inf}
    loss = record.metrics["loss"]
    assert (loss.points, loss.nonfinite, loss.min, loss.best, loss.best_step) == (3, 1, 1.0, 1.0, 1)
    assert math.isnan(loss.last)
    assert loss.contract is not None
    assert loss.contract.unit == "nats"
    assert record.tags == ("a", "b")
    assert (record.state, record.duration_s, record.last_step) == (RunState.FINISHED, 10.0, 2)


def test_columns_choose_what_is_loaded(maker: StoreMaker) -> None:
    """Only the asked-for keys come along; a column without a beginning is an error."""
    maker.run(params={"a": 1, "b": 2}, summary={"a": 3}, metrics={"m": [1.0]})
    row = select_runs(maker.store, columns=["params.b", "metrics.m"]).rows[0]
    assert (dict(row.params), list(row.metrics), dict(row.summary)) == ({"b": 2}, ["m"], {})
    with pytest.raises(QueryError):
        select_runs(maker.store, columns=["lr"])


def test_runs_that_do_not_end_have_derived_states(maker: StoreMaker) -> None:
    """A run without an ending is what its signs of life say, in records and in filters alike."""
    now = time.time_ns()
    for name, age_s in (("running", 1), ("silent", 200), ("crashed", 4000)):
        run = maker.run(name, state=None, created=now - 5000 * SECOND, grown_at=now - age_s * SECOND)
        process = '{"host": "elsewhere", "boot": "x", "pid": 1}'
        grown = now - age_s * SECOND
        maker.insert(
            "writer", run=int(run, 16), writer="w", role="begin", process=process, started=now, grown_at=grown,
            last_time=grown,
        )  # fmt: skip
    rows = select_runs(maker.store, order_by="name").rows
    assert {row.name: str(row.state) for row in rows} == {
        name: name for name in ("running", "silent", "crashed")
    }
    for state in ("running", "silent", "crashed"):
        assert _names(maker, f'state == "{state}"') == [state]
    assert sorted(_names(maker, 'state != "crashed"')) == ["running", "silent"]
    assert _names(maker, "duration < 2000") == ["crashed"]
    assert {row.name: row.duration_s > 4000 for row in rows} == {
        "running": True,
        "silent": True,
        "crashed": False,
    }


class _Counting:
    """A catalog that counts the statements it is asked."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog
        self.statements = 0

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Any:
        self.statements += 1
        return self._catalog.rows(sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)


def test_a_page_costs_a_constant_number_of_statements(
    maker: StoreMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of many runs asks no more statements than a page of one."""
    for _ in range(30):
        maker.run(params={"a": 1}, metrics={"m": [1.0]}, tags=["t"])
    counting = _Counting(maker.store.catalog)
    monkeypatch.setattr(maker.store, "catalog", counting)

    def cost(limit: int) -> int:
        counting.statements = 0
        assert len(select_runs(maker.store, where="a == 1", order_by="-m", limit=limit).rows) == limit
        return counting.statements

    assert cost(30) == cost(1)


def test_limits_and_cursors_that_make_no_sense(maker: StoreMaker) -> None:
    """A negative limit and a made-up cursor are errors; an offset behind the end is an empty page."""
    maker.run()
    for options in (
        {"limit": -1},
        {"offset": -1},
        {"cursor": "nonsense"},
        {"cursor": "é"},
        {"cursor": "bnVsbA"},
    ):
        with pytest.raises(UsageError):
            select_runs(maker.store, **options)
    page = select_runs(maker.store, offset=10**12)
    assert (page.rows, page.total, page.next_cursor) == ((), 1, None)
    assert select_runs(maker.store, limit=0).next_cursor is None


def test_the_largest_filter_that_is_allowed_runs(maker: StoreMaker) -> None:
    """What the parser lets through, the database can answer."""
    maker.run("a", params={"x": 1}, summary={"x": 1}, metrics={"x": [1.0]})
    tests = [f"x == {number}" for number in range(300)]
    assert _names(maker, " or ".join(tests)) == ["a"]
    assert _names(maker, "not (" + " or ".join(tests[2:]) + ")") == ["a"]
    assert _names(maker, "(" * 50 + "x == 1" + ")" * 50) == ["a"]
    assert _names(maker, f"x in {list(range(1000))}") == ["a"]
    assert _names(maker, "", order_by=["x"] * 8) == ["a"]
