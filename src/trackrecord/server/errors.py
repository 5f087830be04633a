"""The one shape of every failure, and which HTTP status goes with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from trackrecord.words.errors import NotFoundError, QueryError, TrackrecordError

logger = logging.getLogger("trackrecord.server")

STATUS_OF = {
    "bad_query": 400,
    "bad_request": 400,
    "forbidden": 403,
    "not_found": 404,
    "ambiguous": 409,
    "too_large": 413,
    "internal": 500,
    "store_unavailable": 503,
}


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong, as docs/api.md has it."""

    code: str
    message: str
    hint: str | None = None
    position: int | None = None
    suggestions: tuple[str, ...] | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every answer that is no success."""

    error: ErrorBody


class RequestError(Exception):
    """A request that can't be answered, found by the server itself.

    ``code`` is one of docs/api.md; ``status`` is only given where it differs from what goes with the code.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        suggestions: Sequence[str] = (),
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = STATUS_OF[code] if status is None else status
        self.body = ErrorBody(code, message, hint, None, tuple(suggestions) or None)


def describe(error: Exception) -> tuple[int, ErrorBody]:
    """Return the status and the body for any exception.

    An exception that nobody foresaw is logged with its trace; the client learns only that it happened.
    """
    if isinstance(error, RequestError):
        return error.status, error.body
    if isinstance(error, TrackrecordError) and error.code in STATUS_OF:
        position = error.position if isinstance(error, QueryError) else None
        suggestions = error.suggestions if isinstance(error, (QueryError, NotFoundError)) else ()
        body = ErrorBody(error.code, error.message, error.hint, position, tuple(suggestions) or None)
        return STATUS_OF[error.code], body
    logger.error("a request failed", exc_info=error)
    return 500, ErrorBody(
        "internal",
        f"The server met an error of its own ({type(error).__name__}).",
        "The terminal it was started in says more.",
    )
