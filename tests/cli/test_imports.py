"""What a short command loads: its time is mostly that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call, clean_environment

#: what has no part in a table, a run or a comparison that goes into a pipe while the inbox is empty
_NOT_FOR_A_LIST = (
    "rich", "starlette", "uvicorn", "duckdb", "pandas", "polars", "pyarrow", "asyncio", "numpy.random", "numpy.ma",
    "numpy.fft", "trackrecord.server", "trackrecord.exchange", "trackrecord.reading", "trackrecord.demo",
    "trackrecord.store.intake.ingest", "trackrecord.store.points.series", "trackrecord.query.smoothing",
)  # fmt: skip
_LOADED = """
import json, sys
from trackrecord.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
sys.stdout.flush()
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "but"),
    [
        (("ls",), ()),
        (("ls", "val/accuracy > 0.5", "--sort", "-val/accuracy", "--json"), ()),
        (("ls", "--group-by", "params.lr", "--metrics", "val/accuracy"), ()),
        (("show", "fast-1", "--json"), ()),
        (("compare", "fast-1", "fast-2", "--json"), ()),
        (("show", "fast-1"), ("rich",)),
        (("compare", "fast-1", "fast-2"), ("rich",)),
    ],
    ids=" ".join,
)
def test_a_short_command_loads_what_it_needs(
    call: Call, recorded: Path, arguments: tuple[str, ...], but: tuple[str, ...]
) -> None:
    """Once the inbox is taken in, listing and showing load neither server, exporters, ingester nor Rich in vain."""
    call("ls")
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=recorded,
        env=clean_environment(),
    )
    loaded = json.loads(done.stderr.splitlines()[-1])
    needless = [name for name in _NOT_FOR_A_LIST if name not in but]
    assert [
        module
        for module in loaded
        if any(module == name or module.startswith(name + ".") for name in needless)
    ] == []
