"""Running the server: a socket that is bound first, a word when it answers, an end that waits for nobody."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import uvicorn

from trackrecord.journal.place import find_store
from trackrecord.server.app import Mount, build_app, is_prefix
from trackrecord.server.live import Live
from trackrecord.server.page import Page
from trackrecord.server.security import Guard, check_binding, is_loopback, names_of
from trackrecord.server.workers import Workers
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.words.errors import UsageError

DEFAULT_PORT = 6061
#: how many ports after the default one are tried when nobody asked for a certain one
_PORTS_TRIED = 20


def serve(
    path: str | os.PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    allow_remote: bool = False,
    allow_hosts: Iterable[str] = (),
    prefix: str = "",
    trust_proxy: bool = False,
    on_ready: Callable[[str], None] | None = None,
    bundle: str | os.PathLike[str] | None = None,
) -> None:
    """Serve the store at ``path`` (found as `find_store` does without one) until SIGINT or SIGTERM.

    Where no store is yet an empty one is made: the page then waits for the first run.

    ``port`` 0 takes any free one; None takes 6061, or the next free one. ``on_ready`` is called once the server
    answers, with the address to open (it holds the token where there is one). ``allow_hosts`` are further names this
    server may be reached by, ``prefix`` is the path a proxy shows it under, ``trust_proxy`` believes that proxy's
    ``X-Forwarded-*`` headers. ``bundle`` is a folder with another build of the page.

    Raises:
        UsageError: the address lets other machines in without ``token`` and ``allow_remote``, the port is taken, or
            the prefix is no path.
        StoreError: the store can't be opened, or not be made.

    ::

        serve(".trackrecord", on_ready=print)
    """
    check_binding(host, token=token, allow_remote=allow_remote)
    prefix = prefix.rstrip("/")
    if prefix and not is_prefix(prefix):
        raise UsageError(f"The prefix {prefix!r:.100} is no path.", hint="It reads like /proxy/6061")
    with ExitStack() as cleanup:
        bound = bind(host, port)
        cleanup.callback(bound.close)
        store = EmbeddedStore.open(find_store(path))
        cleanup.callback(store.close)
        workers = Workers()
        cleanup.callback(workers.close)
        live = Live(store)
        cleanup.callback(live.close)
        live.start()
        guard = Guard(names_of(host, allow_hosts), any_address=not is_loopback(host), token=token)
        app = build_app(
            store,
            live,
            workers=workers,
            guard=guard,
            page=Page(Path(bundle)) if bundle is not None else None,
            mount=Mount(prefix, trust_proxy),
        )
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=trust_proxy,
            timeout_keep_alive=60,
            # Streams end by themselves when `live` closes; nothing else may hold up the end for longer.
            timeout_graceful_shutdown=1,
        )
        # What uvicorn says about its own start and end is no news to whoever started us.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        ready = on_ready or (lambda _: None)
        _Server(config, live, lambda: ready(address_of(bound, host, token))).run(sockets=[bound])


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, ends open streams first, and leaves the rest of the program running."""

    def __init__(self, config: uvicorn.Config, live: Live, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._live = live
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._live.end_streams()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's signature)
        """Stop on a first signal, at once on a second.

        Not uvicorn's own: that raises the signal again afterwards, and the store would not be closed.
        """
        self.force_exit = self.should_exit
        self.should_exit = True


def bind(host: str, port: int | None) -> socket.socket:
    """Return a listening socket; without a ``port`` on 6061 or, when that is taken, on one soon after.

    Raises:
        UsageError: the port is taken, may not be used, or the host is none of this machine.
    """
    name = host.strip("[]")
    try:
        found = socket.getaddrinfo(name, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, OverflowError) as error:
        raise UsageError(f"Can't serve on {host}: {error}.", hint="Try 127.0.0.1") from error
    # 127.0.0.1 before ::1 for "localhost": that is the address people type.
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    ports = [port] if port is not None else [*range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED), 0]
    for wanted in ports:
        # With the protocol named, asyncio switches Nagle's algorithm off: otherwise every answer takes 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if sys.platform == "win32":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address[0], wanted, *address[2:]))
            listening.listen(512)
        except (OSError, OverflowError) as error:
            listening.close()
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE and wanted != ports[-1]:
                continue
            raise _not_bound(host, wanted, error) from error
        listening.setblocking(False)
        return listening
    raise AssertionError("port 0 is always tried last")


def _not_bound(host: str, port: int, error: Exception) -> UsageError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        hint = "Another server may run there already. Leave --port out to take a free one."
        return UsageError(f"Port {port} on {host} is taken.", hint=hint)
    if number == errno.EACCES:
        return UsageError(f"Port {port} on {host} may not be used by you.", hint="Ports from 1024 on may.")
    return UsageError(f"Can't serve on {host}, port {port}: {error}.", hint="Leave --host and --port out.")


def address_of(bound: socket.socket, host: str, token: str | None) -> str:
    """Return the address that a person opens."""
    name = host.strip("[]")
    if name in ("0.0.0.0", "::", ""):  # noqa: S104 (compared, not bound)
        name = socket.gethostname()
    shown = f"[{name}]" if ":" in name else name
    address = f"http://{shown}:{bound.getsockname()[1]}/"
    return address + f"?token={quote(token, safe='')}" if token else address
