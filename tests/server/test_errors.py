"""Every failure has the one error shape."""

from __future__ import annotations

import socket

import pytest

from tests.server.running import RunningServer
from trackrecord.server.errors import describe

CASES = [
    ("GET", "/api", 404, "not_found"),
    ("GET", "/api/v1/nothing", 404, "not_found"),
    ("GET", "/api/v2/store", 404, "not_found"),
    ("POST", "/api/v1/nothing", 405, "bad_request"),
    ("DELETE", "/api/v1/runs", 405, "bad_request"),
    ("PUT", "/", 405, "bad_request"),
    ("GET", "/api/v1/projects/nope", 404, "not_found"),
    ("GET", "/api/v1/runs/no-such-run", 404, "not_found"),
    ("GET", "/api/v1/runs/no-such-run/console", 404, "not_found"),
    ("GET", "/api/v1/runs/mlp-1/media/none", 404, "not_found"),
    ("GET", "/api/v1/runs?q=acc%20%3E%3E%203", 400, "bad_query"),
    ("GET", "/api/v1/runs?sort=%28", 400, "bad_query"),
    ("GET", "/api/v1/runs?columns=wrong", 400, "bad_query"),
    ("GET", "/api/v1/runs?trash=maybe", 400, "bad_request"),
    ("GET", "/api/v1/groups", 400, "bad_request"),
    ("GET", "/api/v1/groups?by=state&sort=nothing", 400, "bad_query"),
    ("GET", "/api/v1/groups?by=state&results=name", 400, "bad_query"),
    ("GET", "/api/v1/groups?by=state&project=nope", 404, "not_found"),
    ("GET", "/api/v1/names?pattern=%28a%2B%29%2B", 400, "bad_query"),
    ("GET", "/api/v1/names?namespace=tags", 400, "bad_request"),
    ("GET", "/api/v1/runs?limit=0", 400, "bad_request"),
    ("GET", "/api/v1/runs?limit=1001", 400, "bad_request"),
    ("GET", "/api/v1/runs?limit=ten", 400, "bad_request"),
    ("GET", "/api/v1/runs?limit=" + "9" * 5000, 400, "bad_request"),
    ("GET", "/api/v1/runs?filter=x", 400, "bad_request"),
    ("GET", "/api/v1/runs?limit=1&limit=2", 400, "bad_request"),
    ("GET", "/api/v1/runs?q=%FF%FE", 400, "bad_request"),
    ("GET", "/api/v1/runs/%FF", 400, "bad_request"),
    ("GET", "/api/v1/runs/%00", 404, "not_found"),
    ("GET", "/api/v1/runs/mlp-1/console?tail=maybe", 400, "bad_request"),
    ("GET", "/api/v1/series?run=mlp-1", 400, "bad_request"),
    ("GET", "/api/v1/series?run=mlp-1&metric=a&low=x", 400, "bad_request"),
    ("GET", "/api/v1/series?run=mlp-1&metric=a&low=nan", 400, "bad_request"),
    ("GET", "/api/v1/series?run=a" + "&metric=m" * 2001, 413, "too_large"),
    ("GET", "/api/v1/runs?" + "q=a&" * 6000, 400, "bad_request"),
    ("GET", "/api/v1/compare", 400, "bad_request"),
    ("GET", "/api/v1/compare?runs=mlp-1,nope", 404, "not_found"),
    ("GET", "/api/v1/compare?runs=" + ",".join(["mlp-1"] * 101), 413, "too_large"),
    ("GET", "/api/v1/blobs/sha256:zz", 400, "bad_request"),
    ("GET", "/api/v1/blobs/..%2F..%2Fstore.json", 400, "bad_request"),
    ("GET", "/api/v1/blobs/sha256:" + "0" * 64, 404, "not_found"),
    ("GET", "/api/v1/events?since=yesterday", 400, "bad_request"),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), CASES, ids=[f"{m} {p[:50]}" for m, p, _, _ in CASES]
)
def test_a_failure_has_its_status_and_code(
    server: RunningServer, method: str, path: str, status: int, code: str
) -> None:
    """A request that can't be answered gets the status and the code that the documentation gives, and a sentence."""
    answer = server.client.request(method, path, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "position", "suggestions"}
    assert error["code"] == code
    assert error["message"]


def test_a_filter_error_points_at_its_place(server: RunningServer) -> None:
    """An unknown name in a filter is answered with its position and what was probably meant."""
    error = server.get(
        "/runs", 400, params={"project": "digits", "q": "state == 'finished' and val/acuracy > 1"}
    )
    assert error["error"]["position"] == 24
    assert "val/accuracy" in error["error"]["suggestions"]


def test_an_unknown_parameter_is_not_ignored(server: RunningServer) -> None:
    """A slip in a parameter's name is an error that names the one that was meant."""
    error = server.get("/runs", 400, params={"colums": "params.seed"})["error"]
    assert error["suggestions"][0] == "columns"


def test_an_ambiguous_run_is_said_to_be_one(server: RunningServer) -> None:
    """A piece of an id that fits several runs is answered with 409 and the candidates."""
    ids = [row["id"] for row in server.get("/runs", params={"limit": 30})["items"]]
    shared = ids[0][:4]
    assert sum(run.startswith(shared) for run in ids) > 1
    error = server.get(f"/runs/{shared}", 409)["error"]
    assert error["code"] == "ambiguous"
    assert set(error["suggestions"]) <= set(ids)


def test_an_unforeseen_error_tells_the_client_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    """The client of a request that failed by our own fault sees no trace; the log has it."""
    try:
        raise RuntimeError("secret detail")
    except RuntimeError as error:
        status, body = describe(error)
    assert (status, body.code) == (500, "internal")
    assert "secret" not in body.message + (body.hint or "")
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /api/v1/store HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\x00\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /api/v1/series HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"\xff" * 100_000,
    ],
)
def test_raw_nonsense_does_not_end_the_server(server: RunningServer, request_bytes: bytes) -> None:
    """Bytes that are no request are answered with a 4xx or a closed line, and the server goes on."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        try:
            line.sendall(request_bytes)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(4096)
        except OSError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert server.get("/store")["runs"] == 28
