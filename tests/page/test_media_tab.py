"""Logged values that are not numbers: large ones and many of them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Site, serving
from tests.page.seed import MARKUP

ENTRIES = 230
SEED = """
import math, sys
import trackrecord as tr
store, markup, entries, picture = sys.argv[1:]
with tr.init("media", store=store, name="many", console=False, system_metrics=False) as run:
    rows = [[number, number / 4, math.nan if number == 3 else 0.5, f"{markup} {number}"] for number in range(5000)]
    run.log({"large/table": tr.Table(["id", "share", "odd", "text"], rows)}, step=0)
    run.log({"large/text": tr.Text("first line\\n" + "a long line of text\\n" * 5000 + "last line")}, step=0)
    edges = [number / 100 for number in range(8001)]
    run.log({"large/histogram": tr.Histogram(edges=edges, counts=[1] * 8000)}, step=0)
    run.log({"vector": tr.Figure(picture)}, step=0)
    for step in range(int(entries)):
        run.log({"notes": tr.Text(f"note {step}")}, step=step)
"""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a run with large and with many entries."""
    folder = tmp_path_factory.mktemp("media")
    picture = folder / "picture.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="taken"</script></svg>'
    )
    arguments = [str(folder / "store"), MARKUP, str(ENTRIES), str(picture)]
    subprocess.run([sys.executable, "-c", SEED, *arguments], check=True, capture_output=True)
    with serving(folder / "store") as site:
        yield site


@pytest.fixture
def tab(media: Site, open_page: Callable[..., Page]) -> Page:
    """Open the run's media."""
    page = open_page(media.project(name="media"))
    page.get_by_role("link", name="many", exact=True).click()
    page.get_by_role("navigation", name="Parts of the run").get_by_role("link", name="Media").click()
    return page


def test_large_values_are_drawn_like_small_ones(tab: Page) -> None:
    """Tables, texts and histograms that are files of their own are fetched and drawn; what they hold stays text."""
    table = tab.get_by_role("region", name="large/table, table")
    expect(table.get_by_role("row")).to_have_count(1001)
    expect(table.get_by_text("The first 1,000 of 5,000 rows")).to_be_visible()
    expect(table.get_by_role("row").nth(4).get_by_role("cell")).to_have_text(
        ["3", "0.75", "NaN", f"{MARKUP} 3"]
    )
    expect(tab.get_by_role("region", name="large/text, text")).to_contain_text("last line")
    bars = tab.get_by_role("img", name=re.compile("^Histogram of 8,000 values from 0 to 80"))
    expect(bars).to_be_attached()


def test_vector_graphics_are_only_downloaded(tab: Page) -> None:
    """An SVG may hold scripts: it is offered as a file and never shown."""
    vector = tab.get_by_role("region", name="vector, figure")
    with tab.expect_download() as download:
        vector.get_by_role("link", name=re.compile("^Download image.svg")).click()
    assert "<script>" in download.value.path().read_text()
    expect(vector.get_by_role("img")).to_have_count(0)


def test_the_newest_come_first(tab: Page) -> None:
    """The last step stands first and the oldest entries behind "Show more"."""
    notes = tab.get_by_role("region", name="notes, text")
    figures = notes.get_by_role("figure")
    expect(figures).to_have_count(200)
    expect(figures.first).to_contain_text(f"note {ENTRIES - 1}")
    notes.get_by_role("button", name="Show more").click()
    expect(figures).to_have_count(ENTRIES)
    expect(figures.last).to_contain_text("note 0")
    expect(notes.get_by_role("button", name="Show more")).to_have_count(0)
