"""The whole server as one ASGI application: who is answered, the API, the page."""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackrecord.server import page as pages
from trackrecord.server.errors import ErrorAnswer, ErrorBody, RequestError, describe
from trackrecord.server.live import Live
from trackrecord.server.page import Page, accepts_gzip
from trackrecord.server.route import LARGEST_BODY, ApiRequest, ApiRoute
from trackrecord.server.routes import ROUTES
from trackrecord.server.security import STANDARD_HEADERS, Guard, is_loopback
from trackrecord.server.workers import Workers
from trackrecord.shapes.encoding import json_bytes
from trackrecord.store.contract import Store

#: more than any honest request has: 2,000 runs and 2,000 metrics, and some
_MOST_PARAMETERS = 5000
_PREFIX = re.compile(r"(/[A-Za-z0-9._~%@:+-]+)+\Z")


@dataclass(frozen=True)
class Mount:
    """Where a browser sees the server: under ``prefix``, or where a proxy says when ``forwarded`` is set."""

    prefix: str = ""
    forwarded: bool = False

    def base(self, headers: Mapping[str, str]) -> str:
        """Return the path that all addresses of the page begin with, without a slash at its end."""
        said = headers.get("x-forwarded-prefix", "").rstrip("/") if self.forwarded else ""
        return said if said and is_prefix(said) else self.prefix


def is_prefix(text: str) -> bool:
    """Tell whether ``text`` can be a path prefix, such as ``/user/ada/proxy/6061``."""
    return _PREFIX.match(text) is not None and "/../" not in text + "/" and "/./" not in text + "/"


def build_app(
    store: Store,
    live: Live,
    *,
    workers: Workers,
    guard: Guard | None = None,
    page: Page | None = None,
    mount: Mount | None = None,
) -> ASGIApp:
    """Put the server together. The caller starts and closes ``store``, ``live`` and ``workers``."""
    api = Api(store, live, workers)
    bundle = page or Page()

    async def answer_page(request: Request) -> Response:
        path = unquote(request.scope["path"], errors="replace")
        if path == "/api" or path.startswith("/api/"):
            hint = "GET /api/v1/openapi.json lists every address."
            return failure(RequestError("not_found", f"There is no {path!r:.200} in the API.", hint=hint))
        headers = headers_of(request.scope)
        return await workers.run(
            lambda: bundle.answer(path, request.scope["trackrecord.base"] + "/", headers)
        )

    routes = [Route(route.path, api.endpoint(route), methods=[route.method]) for route in ROUTES]
    routes.append(Route("/{rest:path}", answer_page, methods=["GET"]))
    inner = Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})
    return Front(inner, guard or Guard(), mount or Mount())


@dataclass(frozen=True)
class Api:
    """Turns routes into endpoints."""

    store: Store
    live: Live
    workers: Workers

    def endpoint(self, route: ApiRoute) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint that answers ``route``; its work is done in a thread."""

        async def endpoint(request: Request) -> Response:
            try:
                asked = await self._decode(route, request)
                return await self.workers.run(lambda: self._answer(route, asked, request))
            except Exception as error:  # noqa: BLE001 (every failure is answered in the one shape)
                return failure(error)

        return endpoint

    async def _decode(self, route: ApiRoute, request: Request) -> ApiRequest:
        headers = headers_of(request.scope)
        try:
            path = {name: unquote(str(text), errors="strict") for name, text in request.path_params.items()}
            pairs = parse_qsl(
                request.scope["query_string"].decode("latin-1"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_PARAMETERS,
            )
        except UnicodeDecodeError:
            raise RequestError("bad_request", "The address holds characters that are no UTF-8.") from None
        except ValueError as error:
            raise RequestError("bad_request", f"The address can't be used: {error}.") from None
        query: dict[str, list[str]] = {}
        for name, value in pairs:
            query.setdefault(name, []).append(value)
        route.check_parameters(query)
        body = await _body(request, headers) if route.method != "GET" else b""
        return ApiRequest(self.store, self.live, path, query, headers, body)

    def _answer(self, route: ApiRoute, asked: ApiRequest, request: Request) -> Response:
        answer = route.answer(asked)
        if isinstance(answer, Response):
            return answer
        content, headers = json_bytes(answer), {"cache-control": "no-store"}
        # On one machine copying bytes is cheaper than packing them.
        far = request.client is not None and not is_loopback(request.client.host)
        if far and len(content) > 2000 and accepts_gzip(dict(asked.headers)):
            content = gzip.compress(content, 1)
            headers["content-encoding"] = "gzip"
        return Response(content, headers=headers, media_type="application/json")


async def _body(request: Request, headers: Mapping[str, str]) -> bytes:
    too_large = RequestError("too_large", f"The body is longer than {LARGEST_BODY:,} bytes.")
    if (
        headers.get("content-length", "0").isdecimal()
        and int(headers.get("content-length", "0")) > LARGEST_BODY
    ):
        raise too_large
    pieces, size = [], 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST_BODY:
                raise too_large
            pieces.append(piece)
    except ClientDisconnect:
        raise RequestError("bad_request", "The request ended before its body did.") from None
    return b"".join(pieces)


def failure(error: Exception) -> Response:
    """Return the answer that says what went wrong."""
    status, body = describe(error)
    return _failure(status, body)


def _failure(status: int, body: ErrorBody, headers: Mapping[str, str] | None = None) -> Response:
    content = json_bytes(ErrorAnswer(body))
    return Response(content, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses before any of our code is asked: a method that an address does not know."""
    assert isinstance(error, HTTPException)
    body = ErrorBody(
        "not_found" if error.status_code == 404 else "bad_request",
        f"{request.method:.20} {unquote(request.scope['path'])!r:.200} can't be answered: {error.detail}.",
        "GET /api/v1/openapi.json lists every address.",
    )
    return _failure(error.status_code, body, error.headers)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette's signature)
    return failure(error)


def headers_of(scope: Scope) -> dict[str, str]:
    """Return a request's headers by lower-case name; several cookies are one."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}; {value}" if name == "cookie" and name in headers else value
    return headers


@dataclass(frozen=True)
class Front:
    """Stands before everything: decides who is answered, takes the prefix off, puts the headers on."""

    inner: ASGIApp
    guard: Guard
    mount: Mount
    standard: list[tuple[bytes, bytes]] = field(
        default_factory=lambda: [(name.encode(), value.encode()) for name, value in STANDARD_HEADERS.items()]
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"this server speaks HTTP only, not {scope['type']}")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [header for header in self.standard if header[0] not in given]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        headers = headers_of(scope)
        base = self.mount.base(headers)
        # Percent-encoded as it came: a slash inside of a name must not look like one between names.
        raw = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
        path = raw.decode("latin-1")
        path = _without(_without(path, base), self.mount.prefix)
        inner_scope: dict[str, Any] = {**scope, "path": path, "root_path": "", "trackrecord.base": base}
        refused = self._refuse(scope, path, base, headers)
        await (refused or self.inner)(inner_scope, receive, send_with_headers)

    def _refuse(self, scope: Scope, path: str, base: str, headers: Mapping[str, str]) -> Response | None:
        """Return the answer for whoever may not go on."""
        for_programs = path.startswith("/api/")
        try:
            self.guard.check_host(headers)
            self.guard.check_origin(scope["method"], headers)
            if self.guard.token is not None and not for_programs:
                welcome = self._welcome(scope, path, base)
                if welcome is not None:
                    return welcome
            self.guard.check_token(headers)
        except RequestError as error:
            if error.status == 401:
                if for_programs:
                    return _failure(401, error.body, {"www-authenticate": "Bearer"})
                return pages.ask_for_token(base + "/")
            return failure(error)
        return None

    def _welcome(self, scope: Scope, path: str, base: str) -> Response | None:
        """Return the answer to an address that holds the right token: a cookie, and on without it."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="replace")
        if not any(name == "token" and self.guard.is_token(value) for name, value in query):
            return None
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # "//elsewhere" would lead to another host.
        target = f"{base}/{path.lstrip('/')}" + (f"?{rest}" if rest else "")
        cookie = self.guard.cookie(base + "/", secure=scope.get("scheme") == "https")
        return pages.let_in(target, cookie)


def _without(path: str, prefix: str) -> str:
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :] or "/"
    return path
