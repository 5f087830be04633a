"""Cursors as they go over the wire: the query's own, tied to the request that it came from."""

from __future__ import annotations

import zlib

import msgspec

from trackrecord.server.errors import RequestError

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


def sealed(cursor: str | None, *request: str | None) -> str | None:
    """Return a cursor of ``query`` so that it only fits this request again; None stays None."""
    return None if cursor is None else f"{_digest(request)}.{cursor}"


def opened(cursor: str | None, *request: str | None) -> str | None:
    """Return the cursor of ``query`` inside of one that `sealed` made.

    Raises:
        RequestError: it is none, or belongs to another request.
    """
    if cursor is None:
        return None
    digest, _, inner = cursor.partition(".")
    hint = "Take next_cursor of the page before, with the same other parameters."
    if not inner or not inner.isascii():
        raise RequestError("bad_request", f"{cursor!r:.60} is not a cursor.", hint=hint)
    if digest != _digest(request):
        raise RequestError("bad_request", f"The cursor {cursor!r:.60} belongs to another query.", hint=hint)
    return inner


def _digest(request: tuple[str | None, ...]) -> str:
    return f"{zlib.crc32(msgspec.msgpack.encode(request)):08x}"
