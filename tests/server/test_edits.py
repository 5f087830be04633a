"""Changes after the fact over HTTP: one run, many, undo, purge, and who may ask for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import wait_until_taken_in
from tests.server.running import Events, RunningServer, running

_RECORDING = """
import sys
import trackrecord as tr
quiet = {"console": False, "system_metrics": False}
for at in range(5):
    with tr.init("digits", name=f"run-{at}", params={"at": at}, store=sys.argv[1], **quiet) as run:
        run.log({"loss": 1.0 / (at + 1)}, step=0)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Serve a store of five runs that a test may change."""
    store = tmp_path / "store"
    subprocess.run([sys.executable, "-c", _RECORDING, str(store)], check=True, timeout=60)
    with running(store) as started:
        wait_until_taken_in(started, runs=5)
        yield started


def ask(server: RunningServer, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """Send JSON and return the JSON of the answer."""
    answer = server.client.request(
        method,
        f"/api/v1{path}",
        json=body,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def test_one_run_is_changed_and_the_page_is_told(server: RunningServer) -> None:
    """PATCH changes only what it names; the change is in the next answer, in the history, and told to open pages."""
    with Events(server) as events:
        events.wait_for(lambda event, _id, _data: event == "hello")
        answer = ask(
            server, "PATCH", "/runs/run-0", {"name": "base", "notes": "good", "add_tags": ["a"], "group": "g"}
        )
        assert (answer["count"], answer["shown"], answer["problem"]) == (1, True, None)
        events.wait_for(
            lambda event, _id, data: (
                event == "changed" and any(run["id"] in answer["runs"] for run in data["runs"] or [])
            )
        )
    run = server.get("/runs/base")
    assert (run["name"], run["notes"], run["tags"], run["group"]) == ("base", "good", ["a"], "g")
    assert run["project"] == "digits"
    page = server.get("/runs/base/history?limit=3")
    assert (page["total"], len(page["items"])) == (4, 3)
    rest = server.get("/runs/base/history", params={"limit": 3, "cursor": page["next_cursor"]})
    assert [each["field"] for each in [*page["items"], *rest["items"]]] == ["tags", "group", "notes", "name"]
    assert rest["next_cursor"] is None
    ask(server, "PATCH", "/runs/base", {"notes": None, "group": None})
    assert (server.get("/runs/base")["notes"], server.get("/runs/base")["group"]) == (None, None)


def test_many_runs_are_changed_by_a_filter_and_back(server: RunningServer) -> None:
    """A filter chooses the runs; ``expected`` guards against others than were seen; undo takes all of it back."""
    body = {"where": "params.at >= 3", "edit": {"archived": True}, "expected": 3}
    refused = ask(server, "POST", "/runs/edit", body, status=400)
    assert "2 runs fit, not 3" in refused["error"]["message"]
    assert server.get("/runs")["total"] == 5
    answer = ask(server, "POST", "/runs/edit", {**body, "expected": 2})
    assert answer["count"] == 2
    assert server.get("/runs")["total"] == 3
    ask(server, "POST", "/runs/undo", {"runs": answer["runs"]})
    assert server.get("/runs")["total"] == 5
    ask(server, "POST", "/runs/edit", {"runs": ["run-1", "run-2"], "edit": {"project": "other"}})
    assert server.get("/projects/other")["runs"] == 2


def test_delete_is_the_trash_and_purge_is_final(server: RunningServer) -> None:
    """DELETE can be taken back; purge takes whole ids only, and the run is gone."""
    run = server.get("/runs/run-4")["id"]
    ask(server, "DELETE", "/runs/run-4")
    assert server.get("/runs")["total"] == 4
    ask(server, "PATCH", f"/runs/{run}", {"deleted": False})
    assert server.get("/runs")["total"] == 5
    ask(server, "POST", "/runs/purge", {"runs": ["run-4"]}, status=404)
    ask(server, "POST", "/runs/purge", {"where": "params.at >= 0"}, status=400)
    answer = ask(server, "POST", "/runs/purge", {"runs": [run]})
    assert (answer["count"], answer["shown"]) == (1, True)
    server.get(f"/runs/{run}", status=404)
    assert [each["field"] for each in server.get(f"/runs/{run}/history")["items"]] == ["purge"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/runs/run-0", {}, 400),
        ("PATCH", "/runs/run-0", {"nmae": "x"}, 400),
        ("PATCH", "/runs/run-0", {"name": ""}, 400),
        ("PATCH", "/runs/run-0", {"name": None}, 400),
        ("PATCH", "/runs/run-0", {"archived": "yes"}, 400),
        ("PATCH", "/runs/nobody", {"name": "x"}, 404),
        ("DELETE", "/runs/nobody", None, 404),
        ("POST", "/runs/edit", {"edit": {"archived": True}}, 400),
        ("POST", "/runs/edit", {"where": "params.att == 1", "edit": {"archived": True}}, 400),
        ("POST", "/runs/edit", {"runs": ["run-0"], "where": "", "edit": {"archived": True}}, 400),
        ("POST", "/runs/edit", {"runs": ["run-0"], "among": "x", "edit": {"archived": True}}, 400),
        ("POST", "/runs/undo", {"runs": ["run-0"]}, 400),
        ("POST", "/runs/purge", {"runs": []}, 400),
    ],
)
def test_mistakes_change_nothing(
    server: RunningServer, method: str, path: str, body: Any, status: int
) -> None:
    """A body of another shape, an unknown run, a wrong filter: an error in the one shape, and no change."""
    before = server.get("/store")["revision"]
    answer = ask(server, method, path, body, status)
    assert set(answer["error"]) == {"code", "message", "hint", "position", "suggestions"}
    assert server.get("/store")["revision"] == before


def test_another_site_changes_nothing(server: RunningServer) -> None:
    """Changes are refused when a page of another site asks, or with a content type that any page may send."""
    before = server.get("/store")["revision"]
    for headers in (
        {"content-type": "application/json", "origin": "http://evil.example"},
        {"content-type": "application/json", "sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"},
    ):
        for method, path in (("PATCH", "/runs/run-0"), ("POST", "/runs/edit"), ("DELETE", "/runs/run-0")):
            answer: httpx.Response = server.client.request(
                method, f"/api/v1{path}", content=b'{"name": "evil"}', headers=headers
            )
            assert answer.status_code in (403, 415)
    assert server.get("/store")["revision"] == before


def test_garbage_is_reported_and_then_removed(server: RunningServer, tmp_path: Path) -> None:
    """POST /gc reports and changes nothing; with remove the file is gone, and the next report is empty of it."""
    left = tmp_path / "store" / "inbox" / ".0a.edit.partial"
    left.write_bytes(b"12345")
    os.utime(left, (1_700_000_000, 1_700_000_000))

    def count(remove: bool) -> int:
        answer = ask(server, "POST", "/gc", {"remove": remove})
        assert answer["removed"] is remove
        return int({kind["kind"]: kind["count"] for kind in answer["kinds"]}["probe files"])

    assert (count(False), left.exists()) == (1, True)
    assert (count(True), left.exists()) == (1, False)
    assert count(False) == 0
    ask(server, "POST", "/gc", {"delete": True}, status=400)
