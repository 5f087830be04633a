"""Thousands of runs: the table stays small in the browser and whole for the reader."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.page.conftest import serving

RUNS = 1500
SEED = """
import sys
import trackrecord as tr
for number in range(int(sys.argv[2])):
    name, params = f"run-{number:04}", {"seed": number}
    with tr.init("many", store=sys.argv[1], name=name, params=params, console=False, system_metrics=False) as run:
        run.log({"loss": 1 / (number + 1)}, step=0)
"""


def test_scrolls_through_all_runs(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    """Only rows on the screen exist, and scrolling to the end shows the oldest run."""
    store = tmp_path / "store"
    subprocess.run([sys.executable, "-c", SEED, str(store), str(RUNS)], check=True, capture_output=True)
    with serving(store) as site:
        page = open_page(site.project(name="many"))
        expect(page.get_by_text(f"{RUNS:,} runs", exact=True)).to_be_visible()
        expect(page.locator("tr[data-run]").first).to_contain_text(f"run-{RUNS - 1:04}")
        assert page.locator("tbody tr").count() < 80

        table = page.get_by_role("region", name="Runs, scrolls in both directions")
        table.evaluate("element => element.scrollTo(0, element.scrollHeight)")

        expect(page.locator("tr[data-run]").last).to_contain_text("run-0000", timeout=30_000)
        assert page.locator("tbody tr").count() < 80
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(RUNS + 1))
