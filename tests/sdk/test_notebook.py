"""Cells of a notebook, run by a real IPython shell in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorded import python

pytest.importorskip("IPython")

CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True)
shell.run_cell("tr.finish()")
import trackrecord as tr
for run in tr.runs(order_by="created"):
    print(run.name, run.state, run.metrics["loss"].points)
"""
BEGIN = (
    "import trackrecord as tr; run = tr.init('p', name={name!r}, console=False, system_metrics=False); "
    "tr.log({{'loss': 1}})"
)
FAIL = "raise RuntimeError('at step 3')"


def _states(folder: Path, *cells: str) -> list[list[str]]:
    said = python(folder, CELLS.format(cells=list(cells))).stdout.splitlines()
    return [line.split() for line in said if line.split()[:1] and line.split()[0] in ("first", "second")]


def test_a_cell_that_fails_fails_its_run(tmp_path: Path) -> None:
    """A run begun in a cell that raises has failed; the same cell run again makes a run of its own."""
    broken = f"{BEGIN.format(name='first')}\n{FAIL}"
    whole = f"{BEGIN.format(name='second')}\ntr.finish()"

    assert [line[:2] for line in _states(tmp_path, broken, whole)] == [
        ["first", "failed"],
        ["second", "finished"],
    ]


def test_a_later_cell_leaves_the_run_open(tmp_path: Path) -> None:
    """A run begun in an earlier cell goes on after a cell that raises."""
    (line,) = _states(tmp_path, BEGIN.format(name="first"), FAIL, "tr.log({'loss': 2})")

    assert line == ["first", "finished", "2"]


def test_the_same_cell_twice_makes_two_runs(tmp_path: Path) -> None:
    """Running a cell again ends the run it began before."""
    cell = BEGIN.format(name="first")

    assert [line[:2] for line in _states(tmp_path, cell, cell)] == [["first", "finished"]] * 2
