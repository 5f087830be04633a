"""The bytes of files that users logged: never a part of our origin."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from trackrecord.server.errors import ErrorAnswer, ErrorBody, RequestError
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.server.security import BLOB_POLICY
from trackrecord.shapes.encoding import json_bytes

#: what may be shown in place, and as what; anything that a browser could run (HTML, SVG, PDF) is not among it
SHOWN_AS = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/avif": "image/avif",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "text/plain": "text/plain; charset=utf-8",
    "text/csv": "text/plain; charset=utf-8",
    "application/json": "text/plain; charset=utf-8",
}
_UNKNOWN = "application/octet-stream"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def _blob(asked: ApiRequest) -> Response:
    digest = asked.path["digest"]
    if not _DIGEST.match(digest):
        hint = "It reads sha256: and 64 hexadecimal digits."
        raise RequestError("bad_request", f"{digest!r:.100} is not a digest.", hint=hint)
    kind = (asked.text("type") or "").partition(";")[0].strip().lower()
    shown = SHOWN_AS.get(kind)
    inline = shown is not None and not asked.flag("download")
    headers = {
        "content-security-policy": BLOB_POLICY,
        "content-disposition": _disposition(asked.text("name"), inline=inline),
        # These bytes never change: their name is their digest.
        "cache-control": "private, max-age=31536000, immutable",
        "etag": f'"{digest}"',
    }
    if asked.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    path = asked.store.blobs.path(digest)
    if path is None:
        pieces = asked.store.blobs.read(digest)
        first = next(pieces, b"")  # raises here, not in the middle of an answer, when there is nothing

        def everything() -> object:
            yield first
            yield from pieces

        return StreamingResponse(everything(), headers=headers, media_type=shown or _UNKNOWN)  # type: ignore[arg-type]
    return _file(path, shown or _UNKNOWN, headers, asked.headers.get("range"))


def _file(path: Path, media_type: str, headers: dict[str, str], wanted: str | None) -> Response:
    status = path.stat()
    part = _part(wanted or "", status.st_size)
    if part is not None and not part:
        body = ErrorBody(
            "bad_request", f"{wanted!r:.60} is beyond the {status.st_size:,} bytes of this file."
        )
        return Response(
            json_bytes(ErrorAnswer(body)),
            416,
            {"content-range": f"bytes */{status.st_size}"},
            "application/json",
        )
    return _Blob(path, status, media_type, headers, in_parts=part is not None)


def _part(wanted: str, size: int) -> range | None:
    """Return the bytes that a Range header asks for; none of them when they are beyond the end.

    None where it asks for nothing that is understood: then the whole file is the right answer.

    >>> _part("bytes=-2", 10), _part("bytes=20-", 10), _part("bytes=0-1,3-4", 10)
    (range(8, 10), range(0, 0), None)
    """
    found = _RANGE.match(wanted.replace(" ", ""))
    if found is None or not size or not (found[1] or found[2]):
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    start = int(found[1])
    end = int(found[2]) + 1 if found[2] else max(size, start + 1)
    if end <= start:
        return None
    return range(start, min(end, size)) if start < size else range(0)


class _Blob(FileResponse):
    """A file, whole or one part of it: what is no plain range is ignored, as HTTP allows."""

    def __init__(
        self, path: Path, status: os.stat_result, media_type: str, headers: dict[str, str], *, in_parts: bool
    ) -> None:
        super().__init__(path, headers=headers, media_type=media_type, stat_result=status)
        self._in_parts = in_parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if not self._in_parts:
            scope = {
                **scope,
                "headers": [header for header in scope["headers"] if header[0].lower() != b"range"],
            }
        await super().__call__(scope, receive, send)


def _disposition(name: str | None, *, inline: bool) -> str:
    kind = "inline" if inline else "attachment"
    if not name:
        return kind
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return f"{kind}; filename*=utf-8''{quote(last, safe='', errors='replace')}"


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/blobs/{digest}",
        _blob,
        "The bytes of a file.",
        parameters=(
            Parameter("name", "string", "File name for whoever saves it."),
            Parameter(
                "type", "string", "Media type to show it as; others than the safe ones are not followed."
            ),
            Parameter("download", "integer", "1: save, do not show."),
        ),
        media_types=(*dict.fromkeys(SHOWN_AS.values()), _UNKNOWN),
    ),
)
