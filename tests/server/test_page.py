"""The page: files of the bundle, one document for all addresses, prefixes, and what is said when it is missing."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.running import RunningServer, running

INDEX = """<!doctype html><html><head>
<base href="/">
<script type="module" src="./assets/index-Ab3_x9-Q.js"></script></head><body></body></html>
"""
SCRIPT = "console.log('page');\n" * 200


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small built page, with a secret beside it."""
    folder = tmp_path_factory.mktemp("page") / "_ui"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "index-Ab3_x9-Q.js").write_text(SCRIPT)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".sources.sha256").write_text("0123")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "assets" / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.fixture(scope="module")
def page(store_path: Path, bundle: Path) -> Iterator[RunningServer]:
    """Start a server with that page."""
    with running(store_path, bundle=str(bundle)) as started:
        yield started


@pytest.mark.parametrize(
    "path",
    ["/", "/p/digits", "/p/a%2Fb/r/0198/charts?x=rel", "/p/x/r/model.js", "/index.html", "/apix", "//evil"],
)
def test_every_address_inside_the_page_is_the_page(page: RunningServer, path: str) -> None:
    """Whatever address of the page is opened, its document comes, never kept without asking."""
    answer = page.client.get(str(page.client.base_url).rstrip("/") + path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_hashed_files_are_kept_and_others_asked_for(page: RunningServer) -> None:
    """A file whose name holds its hash is kept for good; others are asked for again, and not sent when unchanged."""
    script = page.client.get("/assets/index-Ab3_x9-Q.js")
    assert (script.status_code, script.text) == (200, SCRIPT)
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip"
    icon = page.client.get("/icon.svg")
    assert (icon.headers["content-type"], icon.headers["cache-control"]) == ("image/svg+xml", "no-cache")
    again = page.client.get("/icon.svg", headers={"if-none-match": icon.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br"])
def test_files_are_packed_only_for_who_unpacks_them(page: RunningServer, accepted: str) -> None:
    """A client that takes no gzip gets the bytes as they are."""
    answer = page.client.get("/assets/index-Ab3_x9-Q.js", headers={"accept-encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.text == SCRIPT


def test_a_head_request_has_no_body(page: RunningServer) -> None:
    """HEAD is answered like GET, without the bytes."""
    answer = page.client.head("/assets/index-Ab3_x9-Q.js")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets//../../secret.txt",
        "/assets/link.txt",
        "/.sources.sha256",
        "/assets/%00",
        "//../secret.txt",
        "/C:/secret.txt",
    ],
)
def test_nothing_outside_of_the_bundle_is_served(page: RunningServer, path: str) -> None:
    """Neither dots, encoded or not, nor links, nor hidden names lead to a file that is no part of the page."""
    import http.client

    line = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    line.request("GET", path)  # as it is: httpx would tidy it up
    answer = line.getresponse()
    body = answer.read()
    line.close()
    assert b"secret" not in body
    assert b"0123" not in body


def test_a_file_of_an_earlier_build_is_not_found(page: RunningServer) -> None:
    """A missing asset is a 404, not the document, which a browser would run as a script."""
    assert page.client.get("/assets/index-00000000.js").status_code == 404


def test_a_new_build_is_noticed(page: RunningServer, bundle: Path) -> None:
    """A file that was built anew is served without a restart."""
    (bundle / "later.txt").write_text("one")
    assert page.client.get("/later.txt").text == "one"
    (bundle / "later.txt").write_text("three")
    assert page.client.get("/later.txt").text == "three"


def test_a_page_under_a_prefix_knows_where_it_is(store_path: Path, bundle: Path) -> None:
    """With a prefix the document's base is rewritten, and requests come in with the prefix or without."""
    with running(store_path, bundle=str(bundle), prefix="/user/ada/proxy/6061/") as started:
        for path in ("/", "/user/ada/proxy/6061", "/user/ada/proxy/6061/p/digits"):
            assert '<base href="/user/ada/proxy/6061/">' in started.client.get(path).text
        for path in ("/api/v1/store", "/user/ada/proxy/6061/api/v1/store"):
            assert started.client.get(path).json()["projects"] == 3
        assert started.client.get("/user/ada/proxy/6061/icon.svg").text == "<svg/>"
        # Nobody said that the proxy is to be believed.
        other = started.client.get("/", headers={"x-forwarded-prefix": "/other"})
        assert '<base href="/user/ada/proxy/6061/">' in other.text


def test_a_trusted_proxy_says_the_prefix(store_path: Path, bundle: Path) -> None:
    """X-Forwarded-Prefix is believed when asked for, and only when it is a plain path."""
    with running(store_path, bundle=str(bundle), trust_proxy=True) as started:
        for said, base in (
            ("/lab", "/lab/"),
            ("/lab/", "/lab/"),
            ('"><script>alert(1)</script>', "/"),
            ("//evil.example", "/"),
            ("/a/../b", "/"),
            ("", "/"),
        ):
            answer = started.client.get("/p/x", headers={"x-forwarded-prefix": said})
            assert f'<base href="{base}">' in answer.text


def test_a_missing_bundle_is_explained(store_path: Path, tmp_path: Path) -> None:
    """Without a built page the API works, and the address says how to build it; once built, it is there."""
    folder = tmp_path / "_ui"
    with running(store_path, bundle=str(folder)) as started:
        answer = started.client.get("/p/digits")
        assert answer.status_code == 503
        assert "make ui" in answer.text
        assert started.get("/store")["runs"] == 28
        folder.mkdir()
        (folder / "index.html").write_text(INDEX)
        assert started.client.get("/").text == INDEX


def test_a_bundle_packed_beforehand_is_used(store_path: Path, tmp_path: Path) -> None:
    """Where a packed file lies beside the plain one, that is what is sent."""
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "app.js").write_text(SCRIPT)
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(b"packed beforehand"))
    with running(store_path, bundle=str(tmp_path)) as started:
        assert started.client.get("/app.js").text == "packed beforehand"
