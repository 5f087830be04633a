"""``trackrecord sql`` as a real process: every form of an answer, every error, pipes and Ctrl-C."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Call, clean_environment

pytest.importorskip("duckdb", minversion="2.0", reason="SQL needs duckdb 2.0, which needs Python 3.11")
pq = pytest.importorskip("pyarrow.parquet")

BEST = "SELECT run, max(value) AS best FROM points WHERE metric = 'val/accuracy' GROUP BY run ORDER BY best"


def test_a_table_for_people(call: Call) -> None:
    """Rows in a table, as many as --limit says, and how many more there may be."""
    done = call("sql", "SELECT name, state FROM runs ORDER BY name")
    assert (done.returncode, "slow-2" in done.stdout, "8 rows" in done.stdout) == (0, True, True)
    cut = call("sql", "SELECT name FROM runs ORDER BY name", "--limit", "2")
    assert "the first 2 rows (--all shows all)" in cut.stdout
    assert "fast-0" not in cut.stdout.replace("fast-0", "", 1)
    assert "8 rows" in call("sql", "FROM runs", "--all").stdout


def test_the_forms_say_the_same(call: Call, tmp_path: Path) -> None:
    """--json, --csv and --format parquet hold the same rows, on standard output or in a file."""
    as_json = json.loads(call("sql", BEST, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(call("sql", BEST, "--csv").stdout)))
    assert [float(row["best"]) for row in rows] == [row["best"] for row in as_json]
    assert len(as_json) == 6
    for how in ("json", "csv", "parquet"):
        target = tmp_path / f"best.{how}"
        done = call("sql", BEST, "--format", how, "-o", str(target))
        assert (done.returncode, "6 rows written" in done.stderr) == (0, True)
    assert json.loads((tmp_path / "best.json").read_text(encoding="utf-8")) == as_json
    assert list(csv.DictReader(io.StringIO((tmp_path / "best.csv").read_text(encoding="utf-8")))) == rows
    assert pq.read_table(tmp_path / "best.parquet").to_pylist() == as_json
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.csv", "best.json", "best.parquet"]


def test_an_empty_answer_has_its_columns(call: Call) -> None:
    """No row: the header of CSV, an empty list of JSON."""
    assert call("sql", "SELECT run, name FROM runs WHERE false", "--csv").stdout == "run,name\n"
    assert json.loads(call("sql", "SELECT run FROM runs WHERE false", "--json").stdout) == []


def test_tables_are_listed(call: Call) -> None:
    """--tables names each with its columns; so does DESCRIBE one."""
    listed = call("sql", "--tables").stdout
    assert all(name in listed for name in ("points", "runs_wide", "params", "whole_step"))
    assert "whole_step" in call("sql", "DESCRIBE points").stdout
    assert "main.points" in call("sql", "EXPLAIN SELECT count(*) FROM points").stdout
    assert "Total Time" in call("sql", "EXPLAIN ANALYZE SELECT count(*) FROM points").stdout


def test_a_statement_from_standard_input(recorded: Path) -> None:
    """A minus reads it from there."""
    done = subprocess.run(
        [sys.executable, "-m", "trackrecord", "sql", "-", "--json"],
        cwd=recorded,
        env=clean_environment(),
        input="SELECT count(*) AS n\nFROM runs",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == [{"n": 8}]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["SELECT nope FROM runs"], 1, "nope"),
        (["SELECT * FROM runz"], 1, "The tables are points, runs_wide, runs"),
        (["SELECT 1; SELECT 2"], 1, "One statement at a time"),
        (["DROP TABLE runs"], 1, "read only: DROP is refused"),
        (["SELECT * FROM read_csv('/etc/passwd')"], 1, "SQL:"),
        (
            ["SELECT list(repeat('x', 1000) || i) FROM range(1000000) t(i)", "--memory", "20MB"],
            1,
            "--memory 4GB",
        ),
        (["SELECT 1", "--memory", "much"], 1, "memory"),
        ([], 2, "What is the question?"),
        (["FROM runs", "--format", "parquet"], 2, "Parquet needs --output"),
        (["FROM runs", "-o", "x.txt"], 2, "A table goes to the terminal"),
        (["FROM runs", "--limit", "-1"], 2, "limit"),
        (["FROM runs", "--csv", "-o", "no/such/folder/x.csv"], 1, "no/such/folder"),
    ],
)
def test_errors(call: Call, words: list[str], code: int, text: str) -> None:
    """What is wrong and what to do, without a traceback, with the right exit code."""
    done = call("sql", *words)
    assert (done.returncode, text in done.stderr, "Traceback" in done.stderr) == (code, True, False), (
        done.stderr
    )
    assert done.stdout == ""


@pytest.mark.skipif(os.name == "nt", reason="arguments are text there")
def test_bytes_that_are_no_text_are_refused(recorded: Path) -> None:
    """A statement that is not UTF-8, as an argument or from standard input, is an error that says so."""
    query = b"SELECT '\xff'"
    for argument, given in ((query, b""), (b"-", query)):
        done = subprocess.run(
            [sys.executable, "-m", "trackrecord", "sql", argument],
            cwd=recorded,
            env=clean_environment(PYTHONUTF8="1"),
            input=given,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, b"Traceback" in done.stderr) in ((1, False), (2, False)), done.stderr
        assert b"is no Unicode text" in done.stderr or b"is no text in utf-8" in done.stderr


def test_an_error_leaves_the_old_file(call: Call, tmp_path: Path) -> None:
    """A statement that breaks in the middle of its answer leaves what was there, and nothing beside it."""
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    query = "SELECT CASE WHEN i = 400000 THEN error('broken') ELSE i::VARCHAR END FROM range(500000) t(i)"
    done = call("sql", query, "--csv", "-o", str(target))
    assert (done.returncode, "broken" in done.stderr) == (1, True)
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


#: the command line; also where the tests themselves run in the background, with Ctrl-C ignored
_MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from trackrecord.cli.main import main
main()
"""


def _started(recorded: Path, temporary: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN, "sql", *words],
        cwd=recorded,
        env=clean_environment(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _ended(child: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no child behind, whatever a test finds."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.kill()
            child.wait(timeout=60)


def test_a_reader_that_leaves_early(recorded: Path, tmp_path: Path) -> None:
    """A pipe that is closed after the first lines is no error, and ends the statement."""
    child = _started(recorded, tmp_path, "SELECT i FROM range(50000000) t(i)", "--csv")
    assert child.stdout is not None
    assert child.stderr is not None
    assert [child.stdout.readline() for _ in range(3)] == ["i\n", "0\n", "1\n"]
    child.stdout.close()
    with _ended(child):
        assert child.wait(timeout=60) == 0
        assert child.stderr.read() == ""
        child.stderr.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(
    "slow",
    [
        "SELECT count(*) FROM range(100000) a(i), range(1000000) b(j) WHERE (i * j) % 7 = 3",
        "SELECT i, i::VARCHAR FROM range(1000000000) t(i) ORDER BY 2",
    ],
)
def test_control_c(recorded: Path, tmp_path: Path, slow: str) -> None:
    """Ctrl-C while DuckDB works: exit code 130, no traceback, nothing left behind."""
    child = _started(recorded, tmp_path, slow)
    with _ended(child):
        until = time.monotonic() + 60
        while not list(tmp_path.glob("trackrecord-sql-*/owner.json")) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert (child.returncode, "Traceback" in errors) == (130, False), errors
    assert list(tmp_path.iterdir()) == []
