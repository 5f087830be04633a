"""Real servers for tests: a process each, its address, and an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SERVE = """
import json, sys
from trackrecord.server.serve import serve
from trackrecord.words.errors import TrackrecordError
try:
    serve(**json.loads(sys.argv[1]), on_ready=lambda address: print(address, flush=True))
except TrackrecordError as error:
    sys.exit(f"refused: {error}")
"""


@dataclass
class RunningServer:
    """A server in a process of its own."""

    address: str
    process: subprocess.Popen[str]
    client: httpx.Client

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return httpx.URL(self.address).port or 80

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        """Return the JSON at a path of the API."""
        answer = self.client.get(f"/api/v1{path}", **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit status."""
        self.process.send_signal(sign)
        return self.process.wait(20)


@contextmanager
def running(store: Path, **options: Any) -> Iterator[RunningServer]:
    """Start a server on a free port and end it afterwards."""
    arguments = json.dumps({"path": str(store), "port": 0, **options})
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError(process.stderr.read())
            base = str(httpx.URL(address).copy_with(query=None))
            with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
                yield RunningServer(address, process, client)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


class Events:
    """An open stream of server-sent events, read in a thread."""

    def __init__(self, server: RunningServer, **headers: str) -> None:
        self.received: list[tuple[str, str | None, Any]] = []
        self._arrived = threading.Condition()
        self._client = httpx.Client(timeout=None, trust_env=False)
        url = server.client.base_url.join("api/v1/events")
        request = self._client.build_request("GET", url, headers=headers)
        self.response = self._client.send(request, stream=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.response.iter_lines():
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    with self._arrived:
                        entry = (fields["event"], fields.get("id"), json.loads(fields["data"]))
                        self.received.append(entry)
                        self._arrived.notify_all()
                    fields = {}
        except (httpx.HTTPError, httpx.StreamError):
            pass  # closed by a test, or by the server's end

    def wait_for(self, wanted: Any, seconds: float = 30) -> tuple[str, str | None, Any]:
        """Return the first event that ``wanted(event, id, data)`` holds for."""

        def found() -> tuple[str, str | None, Any] | None:
            return next((each for each in self.received if wanted(*each)), None)

        with self._arrived:
            self._arrived.wait_for(lambda: found() is not None, seconds)
            event = found()
        assert event is not None, self.received
        return event

    def wait_until_ended(self, seconds: float = 20) -> bool:
        """Return whether the server ended the stream."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Go away, as a closed browser does."""
        self.response.close()
        self._client.close()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()
