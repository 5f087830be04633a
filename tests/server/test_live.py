"""Live updates: changes arrive, are resumed, reach everyone, and end with the server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import trackrecord as tr
from tests.server.running import Events, RunningServer, running


@pytest.fixture
def live(tmp_path: Path) -> Iterator[RunningServer]:
    """Start a server for a store that is empty as yet."""
    with running(tmp_path / "store") as started:
        yield started


def begin(server: RunningServer, **options: Any) -> tr.Run:
    """Begin a run in the server's store."""
    store = server.get("/store")["path"]
    return tr.init("live", store=store, console=False, system_metrics=False, **options)


def names(run: tr.Run) -> Any:
    """Return what recognises a change of ``run``."""
    return lambda event, _, data: (
        event == "changed" and (data["runs"] is None or run.id in [each["id"] for each in data["runs"]])
    )


def test_a_growing_run_is_told(live: RunningServer) -> None:
    """The stream begins with the revision; a run's new points and its end are each told, with what changed."""
    with Events(live) as events:
        kind, identity, data = events.wait_for(lambda event, *_: event == "hello")
        assert (kind, identity, data["revision"]) == (
            "hello",
            str(data["revision"]),
            live.get("/store")["revision"],
        )
        assert data["store_id"] == live.get("/store")["store_id"]
        with begin(live) as run:
            run.log({"loss": 1.0}, step=7)

            def at_step_7(event: str, _: object, data: Any) -> bool:
                return event == "changed" and {
                    "id": run.id,
                    "project": "live",
                    "state": "running",
                    "last_step": 7,
                } in (data["runs"] or [])

            _, identity, data = events.wait_for(at_step_7)
            assert (identity, data["projects"]) == (str(data["revision"]), ["live"])
            curve = live.get("/series", params={"run": run.id, "metric": "loss"})["series"][0]
            assert curve["y"] == [1.0]
        events.wait_for(
            lambda event, _, data: (
                event == "changed"
                and "finished" in [each["state"] for each in data["runs"] or [] if each["id"] == run.id]
            )
        )


@pytest.mark.parametrize("by_header", [True, False])
def test_a_stream_goes_on_from_where_it_was(live: RunningServer, by_header: bool) -> None:
    """A client that comes back with the last id it saw is told at once what it missed, and nothing older."""
    with Events(live) as events:
        with begin(live, name="before") as before:
            pass
        events.wait_for(names(before))
        events.wait_for(
            lambda event, _, data: event == "changed" and '"finished"' in str(data).replace("'", '"')
        )
        seen = next(identity for event, identity, _ in reversed(events.received) if identity)
    with begin(live, name="missed") as missed:
        pass
    wait_for_run(live, missed)
    with ExitStack() as closing:
        if by_header:
            again = closing.enter_context(Events(live, **{"last-event-id": seen}))
        else:
            revision = live.get("/store")["revision"]
            with live.client.stream("GET", "/api/v1/events", params={"since": seen}) as answer:
                text = ""
                for piece in answer.iter_text():
                    text += piece
                    if "changed" in text and text.endswith("\n\n"):
                        break
            assert missed.id in text
            assert before.id not in text
            assert f"id: {revision}" in text
            return
        _, identity, data = again.wait_for(names(missed))
        assert before.id not in [each["id"] for each in data["runs"]]
        assert identity == str(data["revision"])
        assert again.received[0][:2] == ("hello", None)


def test_a_client_of_another_store_is_told_that_anything_may_have_changed(live: RunningServer) -> None:
    """A revision that this store has not reached yet comes from another one: everything has to be read again."""
    with Events(live, **{"last-event-id": "1000000"}) as events:
        _, _, data = events.wait_for(lambda event, *_: event == "changed")
        assert (data["runs"], data["revision"]) == (None, live.get("/store")["revision"])


def test_many_clients_are_told_and_forgotten(live: RunningServer) -> None:
    """Twenty open pages all hear of a change while requests are answered; closed ones leave nothing behind."""
    with ExitStack() as closing:
        clients = [closing.enter_context(Events(live)) for _ in range(20)]
        for client in clients:
            client.wait_for(lambda event, *_: event == "hello")
        with begin(live) as run:
            run.log({"loss": 1.0})
        for client in clients:
            client.wait_for(names(run))
        assert live.get("/runs")["total"] == 1
    for _ in range(3):
        with Events(live) as client, begin(live) as run:
            client.wait_for(names(run))
    assert live.stop() == 0
    assert live.process.stderr is not None
    assert live.process.stderr.read() == ""


def test_a_killed_run_is_seen_as_crashed(live: RunningServer) -> None:
    """A run whose process is gone turns crashed on an open page, without any record that says so."""
    import subprocess
    import sys

    store = live.get("/store")["path"]
    code = (
        "import sys, os, trackrecord as tr; run = tr.init('live', store=sys.argv[1]); run.log({'loss': 1.0}); "
        "print(run.id, flush=True); sys.stdin.read()"
    )
    with Events(live) as events:
        arguments = [sys.executable, "-c", code, store]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            run = process.stdout.readline().strip()
            events.wait_for(lambda event, _, data: event == "changed" and run in str(data["runs"]))
            before = len(events.received)
            process.kill()
        deadline = time.monotonic() + 60
        while live.get(f"/runs/{run}")["state"] != "crashed":
            assert time.monotonic() < deadline
            time.sleep(0.1)

        def told(event: str, _: object, data: Any) -> bool:
            if event != "changed":
                return False
            return data["runs"] is None or (run, "crashed") in [
                (each["id"], each["state"]) for each in data["runs"]
            ]

        assert events.wait_for(told, 60) in events.received[before:]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_while_pages_are_open(live: RunningServer, sign: int) -> None:
    """A signal ends the server cleanly though streams are open, and the streams end with it."""
    with Events(live) as events:
        events.wait_for(lambda event, *_: event == "hello")
        assert live.stop(sign) == 0
        assert events.wait_until_ended()


def wait_for_run(server: RunningServer, run: tr.Run) -> None:
    """Wait until the store has the run, ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = server.client.get(f"/api/v1/runs/{run.id}")
        if answer.status_code == 200 and answer.json()["ended"]:
            return
        time.sleep(0.05)
    raise AssertionError("the run was not taken in")
