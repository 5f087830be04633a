"""Asking a run to stop, from the command line and over HTTP, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import trackrecord as tr
from tests.recorded import environment, inbox, python
from tests.server.running import RunningServer, running
from trackrecord.journal.format import Kind
from trackrecord.journal.stop_requests import ask_to_stop, stop_request
from trackrecord.sdk import keeper
from trackrecord.words.errors import UsageError
from trackrecord.words.ids import new_run_id

_TRAINING = """
import time, trackrecord as tr
with tr.init("p", name="endless", console=False, system_metrics=False) as run:
    print(run.id, flush=True)
    while not run.should_stop:
        run.log({"x": 1})
        time.sleep(0.02)
print("ended well", flush=True)
"""


@contextmanager
def _training(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _TRAINING],
        env=environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def _cli(folder: Path, *arguments: str, expect: int = 0) -> str:
    command = [sys.executable, "-m", "trackrecord", "--store", str(folder / "store"), *arguments]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def test_a_run_that_is_asked_to_stop_is_stopped(tmp_path: Path) -> None:
    """`trackrecord stop` ends a loop that looks at should_stop; the run is stopped, and cannot be asked again."""
    with _training(tmp_path) as (process, run_id):
        (answer,) = json.loads(_cli(tmp_path, "stop", "endless", "--json"))
        assert answer["run"] == run_id
        assert process.communicate(timeout=60)[0] == "ended well\n"
        assert process.returncode == 0
    (shown,) = json.loads(_cli(tmp_path, "ls", "--json"))["items"]
    assert shown["state"] == "stopped"
    assert [path.name for path in (tmp_path / "store" / "inbox").glob("*.stop*")] == []
    assert "has ended (stopped)" in _cli(tmp_path, "stop", "endless", expect=1)


def _ask(server: RunningServer, run_id: str, *, until: int) -> httpx.Response:
    """Ask until the server has seen the run begin, or end."""
    for _ in range(200):
        answer = server.client.post(f"/api/v1/runs/{run_id}/stop", json={})
        if answer.status_code == until:
            break
        time.sleep(0.1)
    assert answer.status_code == until, answer.text
    return answer


def test_the_page_can_ask(tmp_path: Path) -> None:
    """POST /api/v1/runs/{run}/stop does the same, and says no for a run that has ended or is not there."""
    with _training(tmp_path) as (process, run_id), running(tmp_path / "store") as server:
        assert _ask(server, run_id, until=200).json()["name"] == "endless"
        assert process.communicate(timeout=60)[0] == "ended well\n"
        refused = _ask(server, run_id, until=400).json()["error"]
        assert "has ended (stopped)" in refused["message"]
        assert server.client.post("/api/v1/runs/nothing-like-it/stop", json={}).status_code == 404


def test_a_run_that_ends_without_looking_is_what_it_is(tmp_path: Path) -> None:
    """A request that the code never saw does not make the run stopped; its file goes all the same."""
    python(
        tmp_path,
        """
        import trackrecord as tr
        from trackrecord.journal.stop_requests import ask_to_stop
        with tr.init("p", console=False) as run:
            ask_to_stop(run.store, run.id, "ada")
            run.log({"x": 1})
        """,
    )
    assert inbox(tmp_path).state == "finished"


def test_a_run_that_fails_after_the_request_has_failed(tmp_path: Path) -> None:
    """An error counts more than the wish that it should end."""
    python(
        tmp_path,
        """
        import trackrecord as tr
        from trackrecord.journal.stop_requests import ask_to_stop
        from trackrecord.sdk import keeper
        run = tr.init("p", console=False)
        ask_to_stop(run.store, run.id, "ada")
        run._look_for_stop()
        assert run.should_stop
        raise ValueError("on the way out")
        """,
        expect=1,
    )
    found = inbox(tmp_path)
    assert found.state == "failed"
    (said,) = [fields for fields in found.records(Kind.CHANGE) if fields["field"] == "stop"]
    assert said["who"] == "ada"


def test_a_run_begun_again_is_not_stopped_by_an_old_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked a run to stop before it crashed did not mean the one that resumes it."""
    run_id = new_run_id()
    with tr.init("p", console=False):
        pass  # makes the store
    first = ask_to_stop(tmp_path / "store", run_id, "ada")
    assert ask_to_stop(tmp_path / "store", run_id, "bob") == first == stop_request(tmp_path / "store", run_id)
    monkeypatch.setattr(keeper, "is_running", lambda: False)
    with tr.init("p", id=run_id, console=False) as run:
        assert not run.should_stop


def test_an_impossible_id_is_refused(tmp_path: Path) -> None:
    """No request is written anywhere but into the inbox."""
    with pytest.raises(UsageError):
        ask_to_stop(tmp_path / "store", "../../elsewhere", "ada")


def test_without_a_background_thread_the_property_looks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system gives no thread a request is noticed all the same."""
    monkeypatch.setattr(keeper, "is_running", lambda: False)
    monkeypatch.setattr(keeper, "BEAT_S", 0.0)
    with tr.init("p", console=False) as run:
        assert not run.should_stop
        (tmp_path / "store" / "inbox" / f"{run.id}.stop").touch()
        assert run.should_stop
    keeper.drain()
    assert inbox(tmp_path).state == "stopped"
