"""The examples are run as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import trackrecord as tr

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_first_run_fits_the_line(tmp_path: Path) -> None:
    """The smallest example records a falling loss and the line that the noise was put on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKRECORD_")}
    done = subprocess.run(
        [sys.executable, str(_EXAMPLES / "first_run.py")],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    name = re.findall(r"trackrecord show (\w+)", done.stdout)[0]

    with tr.open_run(name, store=tmp_path / ".trackrecord") as run:
        assert abs(run.summary["slope"] - 2) < 0.1
        assert abs(run.summary["intercept"] - 1) < 0.1
        assert run.metrics["loss"].last < run.metrics["loss"].first / 50
        assert run.metrics["loss"].points == 40
