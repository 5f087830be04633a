"""Server-sent events: what changed, as it happens."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trackrecord import shapes
from trackrecord.server.live import Live, Reader, missed_since
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.shapes.encoding import json_bytes

#: a comment is sent so often, so that proxies and clients know that the stream lives
COMMENT_EVERY_S = 15.0


def _events(asked: ApiRequest) -> Response:
    # A browser that connects again by itself says so in the header, and only there.
    resumed = asked.headers.get("last-event-id", "")
    since = int(resumed) if resumed.isdecimal() and len(resumed) < 19 else None
    if since is None and asked.text("since") is not None:
        since = asked.whole("since", 0, 0, 2**62)
    # Looked up here, where blocking is allowed. What changes until the stream begins is told by the stream.
    revision, missed = missed_since(asked.store, since)
    return EventStream(asked.live, revision, missed)


class EventStream(Response):
    """One client's stream; it ends when the client goes or the server stops."""

    def __init__(self, live: Live, revision: int, missed: shapes.Change | None) -> None:
        super().__init__(
            headers={"cache-control": "no-store", "x-accel-buffering": "no"}, media_type="text/event-stream"
        )
        del self.headers["content-length"]
        self._live = live
        self._revision = revision
        self._missed = missed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client goes."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        reader = self._live.join()
        sending = asyncio.create_task(self._send(reader, send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.leave(reader)
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, reader: Reader, send: Send) -> None:
        async def put(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        live = self._live
        hello = shapes.Hello(self._revision, live.store.store_id)
        if self._missed is None:
            await put(_event("hello", hello, self._revision))
        else:
            # No id on the first: a client that is cut off between the two must ask again for the second.
            await put(_event("hello", hello, None) + _event("changed", self._missed, self._revision))
        while not live.closing:
            changes = await reader.changes(COMMENT_EVERY_S)
            await put(b"".join(_event("changed", each, each.revision) for each in changes) or b":\n\n")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, data: shapes.Shape, identity: int | None) -> bytes:
    head = f"event: {name}\n" + ("" if identity is None else f"id: {identity}\n")
    return head.encode() + b"data: " + json_bytes(data) + b"\n\n"


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/events",
        _events,
        "What changed, as server-sent events.",
        parameters=(Parameter("since", "integer", "A revision: what changed after it comes at once."),),
        media_types=("text/event-stream",),
    ),
)
