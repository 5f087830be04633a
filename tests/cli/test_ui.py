"""``trackrecord ui`` as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Call, clean_environment


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way on Windows")
def test_serves_until_interrupted(recorded: Path) -> None:
    """It prints the address once it answers, serves this store, and ends well at Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "trackrecord", "ui", "--port", "0"],
        cwd=recorded,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            with urllib.request.urlopen(f"{address}api/v1/store", timeout=20) as answer:
                store = json.loads(answer.read())
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)

    assert store["runs"] == 8
    assert Path(store["path"]).resolve() == (recorded / ".trackrecord").resolve()
    assert (process.returncode, errors) == (0, "")


def test_refuses_to_let_others_in(call: Call) -> None:
    """Serving other machines without a token is refused with the reason."""
    done = call("ui", "--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 1
    assert "--allow-remote" in done.stderr or "token" in done.stderr
