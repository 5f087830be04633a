"""The page: files of the built bundle, and ``index.html`` for every address inside the page.

Bytes, their compressed form and their tag are made once per file and kept; a file that was built anew is noticed.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from trackrecord.server.security import PAGE_POLICY

BUNDLE = Path(__file__).parent / "_ui"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
_COMPRESSIBLE = frozenset({".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt", ".md", ".wasm"})
_HASHED = re.compile(r"assets/.*-[A-Za-z0-9_-]{8,}\.[A-Za-z0-9.]+\Z")
_BASE = re.compile(r"<base\s+href=\"[^\"]*\"\s*/?>")
_ODD = re.compile(r"[\\:\x00-\x1f]")

_PAGE_HEADERS = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}

_MESSAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trackrecord: {title}</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem }}
h1 {{ font-size: 1.4rem }}
code {{ padding: .15rem .4rem; border-radius: 4px; background: #8882 }}
input {{ font: inherit; padding: .2rem .5rem }}
</style>
<h1>{title}</h1>
{text}
</html>
"""


@dataclass(frozen=True)
class _File:
    modified: int
    size: int
    content: bytes
    compressed: bytes | None
    tag: str


class Page:
    """The built bundle in ``folder``."""

    def __init__(self, folder: Path = BUNDLE) -> None:
        self._folder = folder.resolve()
        self._files: dict[str, _File] = {}

    def answer(self, path: str, base: str, headers: dict[str, str]) -> Response:
        """Return the file that ``path`` (decoded, beginning with ``/``) names, else ``index.html``.

        ``base`` is the path under which the browser sees this server, ending in ``/``.
        """
        name = path.lstrip("/")
        found = self._file(name) if name else None
        if found is not None and name != "index.html":
            return self._answer_file(name, found, headers)
        if name.startswith("assets/"):
            # An asset of an earlier build: the page must learn that it is gone, not be handed HTML as a script.
            return message(404, "Not here", "<p>This file is of an earlier build. Load the page again.</p>")
        index = self._file("index.html")
        if index is None:
            return not_built()
        # `base` came through a check for safe characters; escaping is the second line.
        based = f'<base href="{html.escape(base)}">'
        text = index.content.decode("utf-8")
        text = (
            _BASE.sub(based, text, count=1)
            if _BASE.search(text)
            else text.replace("<head>", "<head>" + based, 1)
        )
        return _compressed_if_asked(Response(text, media_type="text/html", headers=_PAGE_HEADERS), headers)

    def _file(self, name: str) -> _File | None:
        """Return a file of the bundle; None when there is none, or when the name leads out of it."""
        parts = name.split("/")
        if _ODD.search(name) or any(not part or part.startswith(".") for part in parts):
            return None
        path = self._folder.joinpath(*parts)
        try:
            status = path.stat()
            if not path.is_file() or not path.resolve().is_relative_to(self._folder):
                return None
            kept = self._files.get(name)
            if kept is None or (kept.modified, kept.size) != (status.st_mtime_ns, status.st_size):
                kept = self._files[name] = _read(path, status.st_mtime_ns)
        except (OSError, ValueError):
            return None
        return kept

    def _answer_file(self, name: str, file: _File, headers: dict[str, str]) -> Response:
        hashed = _HASHED.match(name) is not None
        answer = {
            "content-security-policy": PAGE_POLICY,
            "cache-control": "public, max-age=31536000, immutable" if hashed else "no-cache",
            "etag": file.tag,
            "vary": "accept-encoding",
        }
        if headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=answer)
        content = file.content
        if file.compressed is not None and accepts_gzip(headers):
            content = file.compressed
            answer["content-encoding"] = "gzip"
        suffix = Path(name).suffix.lower()
        return Response(content, headers=answer, media_type=_TYPES.get(suffix, "application/octet-stream"))


def _read(path: Path, modified: int) -> _File:
    content = path.read_bytes()
    compressed = None
    if path.suffix.lower() in _COMPRESSIBLE and len(content) > 1000:
        beside = path.with_name(path.name + ".gz")
        compressed = beside.read_bytes() if beside.is_file() else gzip.compress(content, 6, mtime=0)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(modified, len(content), content, compressed, tag)


def accepts_gzip(headers: dict[str, str]) -> bool:
    """Tell whether the client takes gzip."""
    encodings = headers.get("accept-encoding", "").lower().split(",")
    return any(re.fullmatch(r"\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?", encoding) for encoding in encodings)


def _compressed_if_asked(response: Response, headers: dict[str, str]) -> Response:
    if accepts_gzip(headers) and len(response.body) > 1000:
        response.body = gzip.compress(response.body, 6, mtime=0)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-length"] = str(len(response.body))
    response.headers["vary"] = "accept-encoding"
    return response


def message(status: int, title: str, text: str, *, head: dict[str, str] | None = None) -> Response:
    """Return a plain page with a title and a few sentences of HTML."""
    content = _MESSAGE.format(title=html.escape(title), text=text)
    headers = {**_PAGE_HEADERS, "cache-control": "no-store", **(head or {})}
    return Response(content, status, headers, media_type="text/html")


def not_built() -> Response:
    """Return the page that says how to get the page."""
    return message(
        503,
        "The page has not been built",
        "<p>The server runs and its API answers, but this installation came without the page. In a checkout, build "
        "it with</p><p><code>make ui</code></p><p>and load this address again; the server need not be restarted. "
        "Released packages hold the page: <code>pip install trackrecord</code>.</p>"
        "<p>The same data is in the terminal: <code>trackrecord ls</code></p>",
    )


def ask_for_token(base: str) -> Response:
    """Return the page that asks for the token."""
    return message(
        401,
        "This Trackrecord asks for its token",
        "<p>Open the address that it printed when it was started, or enter the token here.</p>"
        f'<form action="{html.escape(base)}"><input name="token" type="password" aria-label="Token" '
        'autocomplete="current-password" autofocus> <input type="submit" value="Enter"></form>',
    )


def let_in(target: str, cookie: str) -> Response:
    """Return the page that sets the cookie and goes on without the token in the address.

    Not a redirect: after one that began at another site (a link in a mail) the browser would not send the cookie.
    """
    text = f'<meta http-equiv="refresh" content="0;url={html.escape(target)}"><p>One moment.</p>'
    return message(200, "Welcome", text, head={"set-cookie": cookie})
