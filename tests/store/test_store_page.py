"""docs/store.md: its program reads a store with nothing but SQLite and numpy, and its list of columns is complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.store.journals import Journal, curve
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

_PAGE = Path(__file__).parents[2] / "docs" / "store.md"


def test_the_program_of_the_page_reads_a_store(tmp_path: Path) -> None:
    """Copied from the page and run in a store's folder, it prints every point, packed chunks and NaN included."""
    long = Journal("long", 2).begin(name="long one")
    for step in range(200):
        long.log({"x": step / 4}, step / 2)
    curve(points=3).put(tmp_path)
    long.log({"y": float("nan")}, 7).finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
    program = re.search(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    code = program[1]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert found.stderr == ""
    assert "run1 name of run1 finished\n" in found.stdout
    assert "  loss [0, 1, 2] [1.0, 0.5, 0.3333333333333333]\n" in found.stdout
    assert f"  x {[step / 2 for step in range(200)]} {[step / 4 for step in range(200)]}\n" in found.stdout
    assert "  y [7] [nan]\n" in found.stdout


def test_every_table_and_column_is_on_the_page(tmp_path: Path) -> None:
    """A column that the page does not name where its table is described fails this test."""
    text = _PAGE.read_text(encoding="utf-8")
    with EmbeddedStore.open(tmp_path) as store:
        tables = [
            name for (name,) in store.catalog.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            described = re.search(rf"\*\*{table}\*\*(.*?)(?=\n\*\*|\n\n|\Z)", text, re.DOTALL)
            assert described, f"table {table}"
            for (column,) in store.catalog.rows("SELECT name FROM pragma_table_info(?)", (table,)):
                assert column == "only" or f"`{column}`" in described[1], f"{table}.{column}"
