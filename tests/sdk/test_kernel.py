"""A real Jupyter kernel: cells run twice, a kernel that is shut down, one that is killed and begun anew."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import SOURCE, inbox
from trackrecord.journal.format import Kind

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.slow

_BEGIN = (
    "import trackrecord as tr; run = tr.init('p', system_metrics=False); print('cell'); tr.log({'loss': 1})"
)


@pytest.fixture
def manager(tmp_path: Path) -> Any:
    """Start a kernel whose store lies in the test's folder."""
    (tmp_path / "home").mkdir()
    manager = jupyter_client.KernelManager(kernel_name="python3")
    environment = {**os.environ, "TRACKRECORD_STORE": str(tmp_path / "store"), "PYTHONPATH": str(SOURCE)}
    manager.start_kernel(env=environment, cwd=str(tmp_path))
    yield manager
    if manager.is_alive():
        manager.shutdown_kernel(now=True)


def _run(manager: Any, *cells: str) -> None:
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for cell in cells:
            assert client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
    finally:
        client.stop_channels()


def test_cells_and_restarts(tmp_path: Path, manager: Any) -> None:
    """A cell run twice makes two runs; a restart ends the open one, a killed kernel leaves it open, with its points."""
    _run(manager, _BEGIN, _BEGIN)
    manager.restart_kernel(now=False)
    _run(manager, _BEGIN, "tr.log({'loss': 2})")
    manager.restart_kernel(now=True)
    _run(manager, _BEGIN, "tr.finish()", "1 / 0")
    manager.shutdown_kernel()
    time.sleep(0.5)
    found = inbox(tmp_path)
    assert len(found.runs) == 4
    assert [record["state"] for record in found.records(Kind.FINISH)] == ["finished"] * 3
    assert sorted(value for _, value in found.points("loss")) == [1, 1, 1, 1, 2]
    assert found.console().count("cell") == 4
