"""Who is answered, and with which headers: invariant V4.

A page of any other site that is open in the same browser can send requests to a server on this machine. So only
Hosts that are served are answered (a name of an attacker that was rebound to 127.0.0.1 is not), whatever is no
plain read must come from our own page or from no browser at all, and no answer may be read by another origin.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from trackrecord.server.errors import RequestError
from trackrecord.words.errors import UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN = 16

#: the page: its own files only; styles may also stand in the document, because the widgets write some
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
#: answers that are data: nothing in them may run or load
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
#: bytes that users logged: never a part of our origin
BLOB_POLICY = "sandbox; default-src 'none'"

#: on every answer that does not say otherwise
STANDARD_HEADERS = {
    "content-security-policy": DATA_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\s]+)(?::(\d{1,5}))?\Z")
#: no browser sends it across origins without asking first
_JSON = "application/json"


def new_token() -> str:
    """Make a token that nobody guesses."""
    return secrets.token_urlsafe(24)


def is_loopback(address: str) -> bool:
    """Tell whether an address or name means this machine only."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def check_binding(host: str, *, token: str | None, allow_remote: bool) -> None:
    """Refuse to serve other machines by accident or without a token.

    Raises:
        UsageError: the address is not loopback's and the token or the second yes is missing, or the token is short.
    """
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise UsageError(
            f"A token of {len(token)} characters is too easy to guess; it needs {SHORTEST_TOKEN}.",
            hint=f"For example --token {new_token()}",
        )
    if is_loopback(host) or (token is not None and allow_remote):
        return
    missing = " and ".join(
        name for name, given in (("--token TOKEN", token), ("--allow-remote", allow_remote)) if not given
    )
    raise UsageError(
        f"Serving on {host} lets other machines in, so it needs {missing} as well.",
        hint="From another machine it is safer to stay on 127.0.0.1 and use: ssh -L 6061:127.0.0.1:6061 THIS_MACHINE",
    )


def names_of(host: str, extra: Iterable[str] = ()) -> frozenset[str]:
    """Return the host names that a server bound to ``host`` answers to, in lower case."""
    names = {name.lower() for name in extra} | LOOPBACK_NAMES
    if not is_loopback(host):
        own = socket.gethostname().lower()
        names |= {host.strip("[]").lower(), own, own.partition(".")[0], own.partition(".")[0] + ".local"}
    return frozenset(names)


@dataclass(frozen=True)
class Guard:
    """Decides for each request, before anything else looks at it, whether it is answered.

    ``hosts`` are the names served. With ``any_address`` every IP address in the Host header is fine as well: a
    server that is bound beyond loopback can't know all its own, and an address can't be rebound.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    any_address: bool = False
    token: str | None = field(default=None, repr=False)

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse Hosts that are not served.

        Raises:
            RequestError: the Host header is missing, malformed or names another host.
        """
        host = headers.get("host", "")
        found = _HOST.match(host)
        name = found[1].strip("[]").lower().rstrip(".") if found else ""
        if name in self.hosts or (self.any_address and _is_address(name)):
            return
        raise RequestError(
            "forbidden",
            f"This server does not answer to the host {host!r:.100}.",
            hint="Open the address that it printed; a further name is allowed with --allow-host NAME.",
        )

    def check_origin(self, method: str, headers: Mapping[str, str]) -> None:
        """Refuse what another site's page sent, unless it only reads (GET, HEAD).

        A browser says where a request comes from, in ``Sec-Fetch-Site`` or, over plain HTTP to another machine,
        only in ``Origin``. A program sends neither. The content type must be application/json, which a page of another
        site can't send without asking for permission, which is never given.

        Raises:
            RequestError: it came from elsewhere, or its content type is another one.
        """
        if method in ("GET", "HEAD"):
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            foreign = site not in ("same-origin", "none")
        else:
            foreign = origin is not None and not _same_host(origin, headers.get("host", ""))
        if foreign:
            raise RequestError(
                "forbidden", f"A page of another site ({origin or site!s:.100}) may not do this."
            )
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            message = f"The content type is {kind[:100] or 'missing'}; it has to be {_JSON}."
            raise RequestError("bad_request", message, status=415)

    def check_token(self, headers: Mapping[str, str]) -> None:
        """Refuse requests without the token, where there is one.

        Raises:
            RequestError: neither the Authorization header nor the cookie holds it.
        """
        if self.token is None:
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given = bearer.strip()
            # Headers have no stated encoding: programs send letters beyond ASCII as Latin-1 or as UTF-8.
            if self.is_token(given) or self.is_token(
                given.encode("latin-1", "replace").decode("utf-8", "replace")
            ):
                return
        if self.is_token(_cookie(headers.get("cookie", ""), self.cookie_name)):
            return
        raise RequestError(
            "forbidden",
            "This server asks for its token.",
            hint="Open the address that it printed, which holds the token, or send Authorization: Bearer TOKEN.",
            status=401,
        )

    def is_token(self, text: str) -> bool:
        """Tell whether ``text`` is the token, in a time that does not depend on how much of it is right."""
        return self.token is not None and hmac.compare_digest(text.encode(), self.token.encode())

    @property
    def cookie_name(self) -> str:
        """Return a name that differs between tokens: browsers share cookies among all ports of a host."""
        return "trackrecord_" + hashlib.sha256(b"cookie name" + (self.token or "").encode()).hexdigest()[:12]

    def cookie(self, path: str, *, secure: bool) -> str:
        """Return the Set-Cookie header that lets a browser in."""
        value = (self.token or "").encode().hex()  # a cookie may not hold every character
        return f"{self.cookie_name}={value}; Path={path}; HttpOnly; SameSite=Strict; Max-Age=31536000" + (
            "; Secure" if secure else ""
        )


def _cookie(header: str, name: str) -> str:
    """Return the token that a cookie holds.

    Split by hand: http.cookies gives up at the first odd cookie, and all programs on localhost share theirs.
    """
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            try:
                return bytes.fromhex(value).decode()
            except ValueError:
                return ""
    return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_host(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        theirs = (parts.hostname, parts.port or default)
        ours = urlsplit(f"{parts.scheme}://{host}")
        return default is not None and theirs == (ours.hostname, ours.port or default)
    except ValueError:
        return False
