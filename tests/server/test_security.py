"""Invariant V4: who is answered, and that nothing which users logged runs in our origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.server.running import RunningServer, running
from tests.server.seed import ODD_NAME, PNG
from trackrecord.server.security import check_binding, names_of
from trackrecord.words.errors import UsageError

TOKEN = "a token with späces; and=signs"


@pytest.fixture(scope="module")
def guarded(store_path: Path) -> Iterator[RunningServer]:
    """Start a server that asks for a token."""
    with running(store_path, token=TOKEN) as started:
        yield started


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:6061",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[::1",
        "a b",
        "192.168.0.1",
    ],
)
def test_other_hosts_are_not_answered(server: RunningServer, host: str) -> None:
    """A name that was rebound to this machine, or any other host, gets nothing: neither API nor page."""
    for path in ("/api/v1/store", "/", "/api/v1/events"):
        answer = server.client.get(path, headers={"host": host})
        assert answer.status_code in (400, 403)
        assert "digits" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9999", "LOCALHOST:80", "[::1]:6061"])
def test_loopback_is_answered_under_each_of_its_names(server: RunningServer, host: str) -> None:
    """Loopback's names are served, whatever the port: a tunnel has another one."""
    assert server.client.get("/api/v1/store", headers={"host": host}).status_code == 200


def test_a_further_host_is_answered_when_allowed(store_path: Path) -> None:
    """``allow_hosts`` adds names, and only those."""
    with running(store_path, allow_hosts=["tracker.lab"]) as started:
        assert started.client.get("/api/v1/store", headers={"host": "Tracker.lab:80"}).status_code == 200
        assert started.client.get("/api/v1/store", headers={"host": "other.lab"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:8888"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[bad"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=a"},
        {"content-type": ""},
        {"content-type": "application/xml"},
        {"content-type": "application/json, text/plain"},
    ],
)
def test_another_site_can_not_post(server: RunningServer, headers: dict[str, str]) -> None:
    """A request that is no plain read is refused from other origins and with types that need no permission."""
    sent = {"content-type": "application/json", **headers}
    answer = server.client.post("/api/v1/series", content=b'{"series": []}', headers=sent)
    assert answer.status_code in (403, 415)
    assert answer.json()["error"]["code"] in ("forbidden", "bad_request")


@pytest.mark.parametrize("kind", ["application/xml", "application/octet-stream", "text/plain", ""])
def test_nothing_changes_on_what_is_no_json(server: RunningServer, kind: str) -> None:
    """A change whose content type is any but application/json is refused, whatever its body says."""
    sent = {"content-type": kind}
    answer = server.client.post("/api/v1/runs/purge", content=b'{"runs": []}', headers=sent)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]["message"]


def test_our_own_page_and_programs_can_post(server: RunningServer) -> None:
    """The same request goes through from our own origin, and without a browser's headers."""
    own = f"http://127.0.0.1:{server.port}"
    for headers in ({}, {"sec-fetch-site": "same-origin", "origin": own}, {"origin": own}):
        answer = server.client.post("/api/v1/series", json={"series": []}, headers=headers)
        assert answer.status_code == 200


def test_no_other_origin_may_read(server: RunningServer) -> None:
    """No CORS header is ever sent, not even when asked for permission."""
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    for answer in (
        server.client.get("/api/v1/store", headers=asked),
        server.client.options("/api/v1/series", headers=asked),
        server.client.get("/", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_every_answer_is_sent_with_care(server: RunningServer) -> None:
    """Page, data, errors and streams carry a policy, nosniff, and may not be framed."""
    for path in ("/", "/api/v1/store", "/api/v1/nothing", "/assets/none.js"):
        headers = server.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
    policy = server.client.get("/").headers["content-security-policy"]
    assert re.search(r"script-src 'self'(;|$)", policy)


# --- token ----------------------------------------------------------------------------------------------------


def test_without_the_token_nothing_is_shown(guarded: RunningServer) -> None:
    """API, page, files and streams ask for the token; a wrong one is none."""
    for path in ("/api/v1/store", "/api/v1/events", "/api/v1/openapi.json"):
        answer = guarded.client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "forbidden")
        assert guarded.client.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert guarded.client.get(path + "?token=" + quote(TOKEN)).status_code == 401
    for path in ("/", "/p/digits", "/?token=wrong", "/?token="):
        answer = guarded.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert "set-cookie" not in answer.headers


def test_the_token_lets_programs_in(guarded: RunningServer) -> None:
    """A program sends the token as a bearer."""
    sent = {b"authorization": b"Bearer " + TOKEN.encode("latin-1")}
    utf8 = {b"authorization": b"Bearer " + TOKEN.encode()}
    for headers in (sent, utf8):
        assert guarded.client.get("/api/v1/store", headers=headers).status_code == 200


def test_the_printed_address_lets_a_browser_in(guarded: RunningServer) -> None:
    """The address with the token sets a cookie that scripts and other sites don't get, and goes on without it."""
    answer = guarded.client.get(f"/p/digits?token={quote(TOKEN)}&q=a%3E1")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in answer.text
    assert "url=/p/digits?q=a%3E1" in answer.text
    pair = cookie.partition(";")[0]
    assert (
        guarded.client.get("/api/v1/store", headers={"cookie": f'odd[]="1; {pair}; =; x'}).status_code == 200
    )
    assert guarded.client.get("/api/v1/store", headers={"cookie": pair[:-2] + "00"}).status_code == 401
    assert (
        guarded.client.get("/api/v1/store", headers={"cookie": pair.partition("=")[0] + "=zz"}).status_code
        == 401
    )
    guarded.client.cookies.clear()


def test_the_address_with_a_token_leads_to_no_other_host(guarded: RunningServer) -> None:
    """A path that begins with two slashes stays on this server."""
    answer = guarded.client.get(f"{guarded.client.base_url}/evil.example?token={quote(TOKEN)}")
    guarded.client.cookies.clear()
    assert "url=/evil.example" in answer.text


def test_the_printed_address_holds_the_token(guarded: RunningServer) -> None:
    """What the server prints is what opens it."""
    assert guarded.address.endswith("/?token=" + quote(TOKEN, safe=""))


# --- binding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "allow_remote"), [(None, False), (None, True), ("x" * 20, False)])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_machines_are_let_in_only_when_said_twice(
    host: str, token: str | None, allow_remote: bool
) -> None:
    """Binding beyond loopback needs a token and a second yes, and the error says which is missing."""
    with pytest.raises(UsageError) as caught:
        check_binding(host, token=token, allow_remote=allow_remote)
    assert ("--token" in str(caught.value)) == (token is None)
    assert ("--allow-remote" in caught.value.message) == (not allow_remote)


def test_a_guessable_token_is_refused() -> None:
    """A short token is no protection; the error offers a good one."""
    with pytest.raises(UsageError, match="too easy"):
        check_binding("127.0.0.1", token="secret", allow_remote=False)


def test_a_server_for_all_answers_to_its_addresses_and_name(store_path: Path) -> None:
    """Bound to every address with a token, it answers to IP addresses and its own name, to no other name."""
    headers = {"authorization": "Bearer " + "x" * 20}
    with running(store_path, host="0.0.0.0", token="x" * 20, allow_remote=True) as started:
        base = f"http://127.0.0.1:{started.port}/api/v1/store"
        for host in (*names_of("0.0.0.0"), "10.1.2.3:80"):
            name = f"[{host}]" if host.count(":") > 1 else host
            assert started.client.get(base, headers={**headers, "host": name}).status_code == 200
        assert started.client.get(base, headers={**headers, "host": "evil.example"}).status_code == 403


# --- what users logged ------------------------------------------------------------------------------------------


def blob(server: RunningServer, key: str = "samples") -> str:
    """Return the digest of a logged picture."""
    page = server.get(f"/runs/{quote(ODD_NAME, safe='')}/media/{key}")
    return str(page["items"][0]["digest"])


def test_an_image_is_shown_as_itself(server: RunningServer) -> None:
    """An image that is asked for as one comes in place, sandboxed, and may be kept for good."""
    answer = server.client.get(
        f"/api/v1/blobs/{blob(server)}", params={"type": "image/png", "name": "ä/b c.png"}
    )
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["content-disposition"] == "inline; filename*=utf-8''b%20c.png"
    assert "immutable" in answer.headers["cache-control"]
    again = server.client.get(
        f"/api/v1/blobs/{blob(server)}", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/pdf", "application/javascript", "text/xml", "nonsense", ""],
)
def test_what_a_browser_could_run_is_only_saved(server: RunningServer, kind: str) -> None:
    """Whatever type is asked for, files that could run are never shown in place nor with that type."""
    run = server.get(f"/runs/{quote(ODD_NAME, safe='')}")
    digest = run["artifacts"][0]["files"][0]["digest"]
    answer = server.client.get(f"/api/v1/blobs/{digest}", params={"type": kind, "name": 'a"\r\nX: y.html'})
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''a%22%0D%0AX%3A%20y.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x" not in answer.headers


def test_text_is_shown_as_text(server: RunningServer) -> None:
    """JSON, CSV and text come as plain text, so that no viewer of the browser interprets them; unless to be saved."""
    digest = blob(server)
    for kind in ("text/plain", "text/csv", "application/json; charset=x"):
        answer = server.client.get(f"/api/v1/blobs/{digest}", params={"type": kind})
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"] == "inline"
    saved = server.client.get(f"/api/v1/blobs/{digest}", params={"type": "image/png", "download": "1"})
    assert saved.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        ("bytes=0-3", 206, PNG[:4]),
        ("bytes=-4", 206, PNG[-4:]),
        ("bytes=10-", 206, PNG[10:]),
        ("bytes=10-99999", 206, PNG[10:]),
        ("bytes=999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, PNG),
        ("bytes=0-1,3-4", 200, PNG),
        ("lines=0-3", 200, PNG),
        ("bytes=a-b", 200, PNG),
        ("bytes=-", 200, PNG),
    ],
)
def test_parts_of_a_file_can_be_asked_for(
    server: RunningServer, wanted: str, status: int, expected: bytes | None
) -> None:
    """Players seek by ranges; what is no single range gives the whole file, one beyond its end an error."""
    answer = server.client.get(
        f"/api/v1/blobs/{blob(server)}", params={"type": "audio/wav"}, headers={"range": wanted}
    )
    assert answer.status_code == status
    if expected is None:
        assert answer.headers["content-range"] == f"bytes */{len(PNG)}"
        assert answer.json()["error"]["code"] == "bad_request"
    else:
        assert answer.content == expected
