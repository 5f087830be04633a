"""What a route of the API is, and what its handler is given.

The table of routes is made of these; the document at ``/api/v1/openapi.json`` is derived from it, and parameters
that a route does not name are refused, so that a slip of the pen is never taken for "no filter".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from trackrecord.server.errors import RequestError
from trackrecord.server.paging import DEFAULT_LIMIT, LARGEST_LIMIT

if TYPE_CHECKING:
    from trackrecord.server.live import Live
    from trackrecord.store.contract import Store

Body = TypeVar("Body")

#: the bodies of requests are questions, never data: a screen of 2,000 curves asks with about 300 kB
LARGEST_BODY = 4 * 1024 * 1024

_UNESCAPED_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True)
class Parameter:
    """One query parameter: its JSON schema type, and what it means."""

    name: str
    kind: str
    meaning: str
    repeated: bool = False


#: what every list route takes
PAGE_PARAMETERS = (
    Parameter("limit", "integer", f"Items of a page, 1 to {LARGEST_LIMIT}; {DEFAULT_LIMIT} by default."),
    Parameter("cursor", "string", "next_cursor of the page before."),
)


@dataclass(frozen=True)
class ApiRequest:
    """One request, decoded: names of the path, query parameters, headers (lower case) and body."""

    store: Store
    live: Live
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def text(self, name: str) -> str | None:
        """Return a parameter's last value; None when it is absent or empty."""
        values = self.query.get(name)
        return values[-1] or None if values else None

    def texts(self, name: str) -> list[str]:
        """Return every value of a repeated parameter."""
        return self.query.get(name, [])

    def listed(self, name: str) -> list[str] | None:
        r"""Return a comma-separated parameter as a list, None when it is absent; ``\,`` is a comma in a name."""
        text = self.text(name)
        if text is None:
            return None
        parts = [part.strip().replace("\\,", ",") for part in _UNESCAPED_COMMA.split(text)]
        return [part for part in parts if part]

    def flag(self, name: str) -> bool:
        """Return whether a parameter is switched on.

        Raises:
            RequestError: it is neither ``1``/``true`` nor ``0``/``false``.
        """
        text = (self.text(name) or "0").lower()
        if text not in ("0", "1", "true", "false"):
            raise RequestError("bad_request", f"{name}={text!r:.60} is neither 1 nor 0.")
        return text in ("1", "true")

    def whole(self, name: str, default: int, least: int, greatest: int) -> int:
        """Return a parameter that is a whole number.

        Raises:
            RequestError: it is none, or outside ``least`` to ``greatest``.
        """
        text = self.text(name)
        if text is None:
            return default
        # Longer texts than any allowed number are not even parsed: Python refuses those of 4,300 digits.
        if len(text) > 20 or not text.lstrip("-").isdecimal():
            raise RequestError("bad_request", f"{name}={text!r:.60} is not a whole number.")
        value = int(text)
        if not least <= value <= greatest:
            message = f"{name}={value} is not between {least} and {greatest}."
            raise RequestError("bad_request", message)
        return value

    def number(self, name: str) -> float | None:
        """Return a parameter that is a number, None when it is absent.

        Raises:
            RequestError: it is no number, or NaN.
        """
        text = self.text(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value != value:
            raise RequestError("bad_request", f"{name}={text!r:.60} is not a number.")
        return value

    def limit(self) -> int:
        """Return how many items of a list are asked for."""
        return self.whole("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)

    def decoded(self, shape: type[Body]) -> Body:
        """Return the body as ``shape``.

        Raises:
            RequestError: it is no JSON, no UTF-8, or has another shape.
        """
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            hint = "docs/api.md shows the body of this request."
            raise RequestError("bad_request", f"The body can't be used: {error}.", hint=hint) from None


@dataclass(frozen=True)
class ApiRoute:
    """One route of the API.

    ``answer`` may block: it runs in a thread. It returns a value of the shape ``shape``, sent as JSON, or a whole
    Starlette response where the answer is something else (``media_types`` then says what).
    """

    method: str
    path: str
    answer: Callable[[ApiRequest], Any]
    summary: str
    shape: type[msgspec.Struct] | None = None
    parameters: tuple[Parameter, ...] = ()
    body: type[msgspec.Struct] | None = None
    media_types: tuple[str, ...] = ("application/json",)

    def check_parameters(self, query: Mapping[str, list[str]]) -> None:
        """Refuse parameters that this route does not know.

        Raises:
            RequestError: there is one.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, values in query.items():
            if name not in known:
                raise RequestError(
                    "bad_request",
                    f"{self.method} {self.path} takes no parameter {name!r:.60}.",
                    hint="It takes " + ", ".join(known) + "." if known else "It takes none.",
                    suggestions=get_close_matches(name, known, 2),
                )
            if len(values) > 1 and not known[name].repeated:
                raise RequestError("bad_request", f"The parameter {name!r} is given {len(values)} times.")
