"""Starting: ports, addresses, read-only and odd stores."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.server.running import running
from trackrecord.journal.format import FILE_HEADER, MAGIC, READ_VERSION
from trackrecord.server.serve import DEFAULT_PORT, bind
from trackrecord.words.errors import UsageError


def test_the_printed_address_answers(store_path: Path) -> None:
    """Once an address is printed, a request to it succeeds."""
    with running(store_path) as started:
        answer = httpx.get(started.address + "api/v1/store", trust_env=False)
        assert answer.status_code == 200


def test_answers_are_not_held_back() -> None:
    """The socket names its protocol: asyncio then switches off Nagle's algorithm, which costs 40 ms an answer."""
    with bind("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_an_error_that_says_so(store_path: Path) -> None:
    """A second server on a port that was asked for names the port and the way out."""
    with (
        running(store_path) as first,
        pytest.raises(RuntimeError, match=f"Port {first.port} on 127.0.0.1 is taken"),
        running(store_path, port=first.port),
    ):
        raise AssertionError("two servers on one port")


def test_without_a_wish_the_next_free_port_is_taken() -> None:
    """Nobody asked for a port: where the default one is taken, another one serves."""
    with bind("127.0.0.1", None) as first, bind("127.0.0.1", None) as second:
        ports = [first.getsockname()[1], second.getsockname()[1]]
        assert ports[0] != ports[1]
        assert all(port >= DEFAULT_PORT for port in ports)


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("203.0.113.7", 0)]
)
def test_an_address_that_is_not_ours_is_a_clear_error(host: str, port: int) -> None:
    """A host that does not exist or is no address of this machine, or no port, gives an error with a hint."""
    with pytest.raises(UsageError) as caught:
        bind(host, port)
    assert host in str(caught.value)
    assert caught.value.hint


def test_a_refused_binding_opens_no_port(store_path: Path) -> None:
    """Serving to all machines without a token is refused before anything listens."""
    with pytest.raises(RuntimeError, match="lets other machines in"), running(store_path, host="0.0.0.0"):
        raise AssertionError("it serves")


def test_ipv6_loopback_is_served(store_path: Path) -> None:
    """The address for IPv6 is printed so that it can be opened."""
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with running(store_path, host="::1") as started:
        assert started.address.startswith("http://[::1]:")
        assert started.get("/store")["runs"] == 28


def test_an_empty_place_waits_for_its_first_run(tmp_path: Path) -> None:
    """Where nothing has been recorded yet the server answers, with nothing to show."""
    with running(tmp_path / "new") as started:
        assert started.get("/runs") == {
            "items": [],
            "total": 0,
            "revision": started.get("/store")["revision"],
            "next_cursor": None,
        }
        assert started.get("/projects")["total"] == 0
        assert started.get("/runs", 404, params={"project": "x"})["error"]["code"] == "not_found"


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """A store that a newer Trackrecord made is not touched, and the error says what to do."""
    (tmp_path / "store.json").write_text('{"format": 999, "store_id": "a"}')
    with pytest.raises(RuntimeError, match="newer Trackrecord"), running(tmp_path):
        raise AssertionError("it serves")


def test_what_can_not_be_taken_in_is_said(tmp_path: Path) -> None:
    """A journal that can't be read shows as a problem of the store, and the rest is served all the same."""
    store = tmp_path / "store"
    (store / "inbox").mkdir(parents=True)
    name = "0198c7a2b1c07d3e8f0123456789abcd.0123456789abcdef.0.journal"
    (store / "inbox" / name).write_bytes(
        FILE_HEADER.pack(MAGIC, READ_VERSION + 1, READ_VERSION + 1, 0) + bytes(100)
    )
    with running(store) as started:
        deadline = time.monotonic() + 30
        while (problem := started.get("/store")["problem"]) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert name in problem
        assert started.get("/runs")["total"] == 0
