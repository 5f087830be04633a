"""What a statement needs of the store is what DuckDB's plan of it says, and leaving out the rest changes no answer."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trackrecord as tr
from trackrecord.exchange.private_folder import private_folder, remove_abandoned
from trackrecord.journal.process import this_process
from trackrecord.reading.sql_scans import scans_by_words
from trackrecord.store.points.series import EmbeddedSeries

pytest.importorskip("duckdb", minversion="2.0", reason="SQL needs duckdb 2.0, which needs Python 3.11")
#: names that are easily taken for a part of a condition
METRICS = ["loss", "val/loss", "it's", "a\n1=0\nb", "#1", 'say "x"', "1=0", "Ünï"]
#: `trackrecord.reading.sql` is the function
_MODULE = sys.modules["trackrecord.reading.sql"]
NAMES = ["seed-0", "seed-1", "seed-2"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs with points of every metric, and a fork of one."""
    place = tmp_path_factory.mktemp("scans") / "store"
    for seed, name in enumerate(NAMES):
        with tr.init("p", name=name, params={"seed": seed}, store=place) as run:
            for step in range(4):
                run.log(dict.fromkeys(METRICS, float(seed * 10 + step)), step=step)
            run.log({"loss": math.nan}, step=4)
    with tr.init("p", name="fork", fork_from=(run, 1), store=place) as fork:
        fork.log({"loss": 99.0}, step=2)
    return place


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics whose points were read, one word a series."""
    found: list[str] = []
    really = EmbeddedSeries.points

    def watched(self: EmbeddedSeries, run: str, metric: str, *, own: bool = False) -> object:
        found.append(metric)
        return really(self, run, metric, own=own)

    monkeypatch.setattr(EmbeddedSeries, "points", watched)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT max(value) FROM points WHERE metric = 'loss'", {"loss": 4}),
        ("SELECT max(value) FROM points WHERE metric IN ('loss', '#1')", {"loss": 4, "#1": 4}),
        ("FROM points WHERE metric LIKE 'val/%'", {"val/loss": 4}),
        ("FROM points WHERE metric LIKE '%loss'", {"loss": 4, "val/loss": 4}),
        ("WITH p AS (FROM points) SELECT count(*) FROM p WHERE metric = 'loss' AND value > 3", {"loss": 4}),
        ("SELECT p.value FROM points p JOIN runs r USING (run) WHERE p.metric = 'it''s'", {"it's": 4}),
        ("FROM points LIMIT 3", {"#1": 1}),
        ("FROM points WHERE metric = 'loss' LIMIT 2 OFFSET 1", {"loss": 1}),
        ("SELECT name, points FROM runs", {}),
        ("SELECT 'points' AS points", {}),
        ("DESCRIBE points", {}),
        ("EXPLAIN SELECT max(value) FROM points", {}),
        ("SELECT 1 WHERE 'points' = 'runs'", {}),
    ],
)
def test_only_what_is_needed_is_read(
    store: Path, read: list[str], query: str, expected: dict[str, int]
) -> None:
    """A condition on metric or run, a limit, a column of the name: no series more than needed is read."""
    tr.sql(query, store=store)
    assert {metric: read.count(metric) for metric in read} == expected


def _conditions() -> Any:
    text = st.sampled_from([*METRICS, *NAMES, "", "loss'", "100%", "a"]).map(
        lambda each: "'" + each.replace("'", "''") + "'"
    )
    column = st.sampled_from(["metric", "run", "lower(metric)", "metric || run", "name"])
    simple = st.one_of(
        st.tuples(column, st.sampled_from(["=", "<>", "<", ">=", "LIKE", "IS DISTINCT FROM"]), text).map(
            " ".join
        ),
        st.tuples(column, st.lists(text, min_size=1, max_size=4)).map(
            lambda each: f"{each[0]} IN ({', '.join(each[1])})"
        ),
        st.sampled_from(
            ["metric IS NOT NULL", "metric IS NULL", "value > 12", "step = 2", "isnan(value)", "true"]
        ),
        st.tuples(column, text).map(lambda each: f"contains({each[0]}, {each[1]})"),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda each: f"({' '.join(each)})"),
            inner.map(lambda each: f"(NOT {each})"),
        ),
        max_leaves=4,
    )


@pytest.mark.timeout(300)
@settings(
    max_examples=int(os.environ.get("SQL_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=_conditions(), second=_conditions(), form=st.integers(0, 5))
def test_leaving_out_changes_no_answer(store: Path, first: str, second: str, form: int) -> None:
    """Any condition, in any place of a statement, has the answer that it has over tables read whole."""
    joined = "(SELECT p.*, r.name FROM points p JOIN runs r USING (run))"
    query = [
        f"SELECT run, metric, step, value FROM {joined} WHERE {first} AND {second} ORDER BY ALL",
        f"SELECT count(*), max(step) FROM {joined} WHERE {first}",
        f"SELECT (SELECT count(*) FROM {joined} WHERE {first}) a, (SELECT sum(step) FROM {joined} WHERE {second}) b",
        f"SELECT metric, count(*) FROM {joined} WHERE {first} GROUP BY metric HAVING count(*) > 1 ORDER BY 1",
        (
            f"WITH x AS MATERIALIZED (FROM {joined} WHERE {first}) SELECT count(*) FROM x a"
            f" JOIN (FROM x WHERE {second}) b USING (run, metric, step)"
        ),
        (
            f"SELECT r.name, q.n FROM runs r LEFT JOIN (SELECT run, count(*) AS n FROM {joined} WHERE {first}"
            " GROUP BY run) q USING (run) ORDER BY ALL"
        ),
    ][form]
    found = list(tr.sql(query, store=store))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_MODULE, "scans_of_plan", lambda _, tables: scans_by_words("points runs", tables))
        expected = list(tr.sql(query, store=store))
    assert repr(found) == repr(expected)


def test_values_in_conditions_are_used_too(store: Path, read: list[str]) -> None:
    """A value that is given apart keeps the rest unread as one in the statement does."""
    tr.sql("SELECT max(value) FROM points WHERE metric = ?", ["loss"], store=store)
    assert set(read) == {"loss"}
    read.clear()
    for metric in METRICS:
        counted = tr.sql("SELECT count(*) AS n FROM points WHERE metric = $m", {"m": metric}, store=store)
        assert counted["n"].tolist() == [len(NAMES) * 4 + (4 + 2 if metric == "loss" else 2)]


def _folders() -> list[str]:
    return [each.name for each in Path(tempfile.gettempdir()).glob("trackrecord-sql-*")]


@pytest.fixture
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return place


def test_nothing_stays_behind(store: Path, own_temporary: Path) -> None:
    """The folder of a statement is gone after it: an answer, an error, a half-read answer alike."""
    tr.sql("SELECT count(*) FROM points", store=store)
    with pytest.raises(tr.QueryError):
        tr.sql("SELECT nope FROM points", store=store)
    assert _folders() == []


def test_a_killed_statement_is_cleaned_up_by_the_next(store: Path, own_temporary: Path) -> None:
    """What a killed process left is removed when the next statement is asked, what a living one uses is not."""
    code = (
        "import sys, time\n"
        "from trackrecord.reading.sql import answer\n"
        "from trackrecord.store.opening import open_store\n"
        "with open_store(sys.argv[1]) as store, answer(store, 'FROM points'):\n"
        "    print('there', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(store)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        left = _folders()
        assert len(left) == 1
        tr.sql("SELECT count(*) FROM points", store=store)
        assert _folders() == left
    finally:
        child.kill()
        child.communicate()
    assert _folders() == left
    tr.sql("SELECT 1", store=store)
    assert _folders() == []


def test_only_folders_of_ours_are_cleaned_up(own_temporary: Path) -> None:
    """What does not say whose it is stays until it is old; a link is never followed."""
    (own_temporary / "trackrecord-sql-new").mkdir()
    old = own_temporary / "trackrecord-sql-old"
    old.mkdir()
    os.utime(old, (1, 1))
    precious = own_temporary / "precious"
    precious.mkdir()
    (own_temporary / "trackrecord-sql-link").symlink_to(precious)
    remove_abandoned("trackrecord-sql-", own_temporary)
    assert sorted(_folders()) == ["trackrecord-sql-link", "trackrecord-sql-new"]
    assert precious.is_dir()


def test_a_folder_taken_for_abandoned_while_it_is_made_is_made_again(
    own_temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that sleeps before it says whose its folder is loses nothing when another one removes it."""

    def slept() -> dict[str, Any]:
        for name in _folders():
            (own_temporary / name).rmdir()
        monkeypatch.undo()
        return this_process()

    monkeypatch.setattr("trackrecord.exchange.private_folder.this_process", slept)
    with private_folder("trackrecord-sql-", own_temporary) as folder:
        assert [each.name for each in folder.iterdir()] == ["owner.json"]
    assert not folder.exists()


@pytest.mark.parametrize("left", [[], ["points.parquet", "spilled/x"]])
def test_what_a_removal_leaves_that_was_killed_is_removed_by_the_next(
    own_temporary: Path, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    """Whose a folder is goes last, so the next process knows it as abandoned; an empty one goes in a minute."""
    folder = own_temporary / "trackrecord-sql-killed"
    for name in left:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    folder.mkdir(exist_ok=True)
    if left:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            gone = {**this_process(), "pid": process.pid, "started": None}
        (folder / "owner.json").write_text(json.dumps(gone), encoding="utf-8")
        removed: list[str] = []
        with monkeypatch.context() as killed:
            really = os.unlink

            def watched(path: Any, *arguments: Any, **named: Any) -> None:
                removed.append(Path(path).name)
                really(path, *arguments, **named)

            killed.setattr(os, "unlink", watched)
            remove_abandoned("trackrecord-sql-", own_temporary)
        assert removed[-1] == "owner.json"
    else:
        long_ago = time.time() - 90
        os.utime(folder, (long_ago, long_ago))
        remove_abandoned("trackrecord-sql-", own_temporary)
    assert _folders() == []


@pytest.fixture
def heard_control_c() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background and would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_control_c")
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_control_c_ends_a_statement(store: Path) -> None:
    """KeyboardInterrupt while DuckDB works: it stops, is told as such, and the next statement answers."""
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        tr.sql(
            "SELECT count(*) FROM range(100000) a(i), range(1000000) b(j) WHERE (i * j) % 7 = 3", store=store
        )
    timer.join()
    assert time.monotonic() - begun < 60
    assert tr.sql("SELECT count(*) AS n FROM runs", store=store)["n"].tolist() == [4]


def test_threads_ask_at_once_while_a_run_is_logging(tmp_path: Path) -> None:
    """Four threads ask in turn while the store grows; every answer is whole, and none is older than the one before."""
    place = tmp_path / "store"
    found: list[list[int]] = [[] for _ in range(4)]
    problems: list[BaseException] = []

    def ask(mine: list[int]) -> None:
        try:
            for _ in range(6):
                row = next(
                    iter(
                        tr.sql(
                            "SELECT count(*) AS n, max(step) AS last FROM points WHERE metric = 'loss'",
                            store=place,
                        )
                    )
                )
                assert row["n"] == row["last"] + 1
                mine.append(row["n"])
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            problems.append(error)

    with tr.init("p", store=place) as run:
        run.log({"loss": 0.0})
        tr.runs(store=place)
        threads = [threading.Thread(target=ask, args=(mine,)) for mine in found]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            run.log({"loss": 1.0})
            time.sleep(0.001)
        for thread in threads:
            thread.join()
    assert problems == []
    assert all(len(mine) == 6 and mine == sorted(mine) for mine in found)
