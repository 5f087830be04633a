"""The page on a phone: what is asked for is on the screen, not beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Site, serving

WIDTH = 400


def in_sight(part: Locator) -> bool:
    """Return whether a part lies between the left and the right edge of the screen."""
    box = part.bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= WIDTH


def test_the_open_tab_and_what_files_are_for_are_in_sight(site: Site, open_page: Callable[..., Page]) -> None:
    """Of tabs that don't fit side by side the open one is shown; a file opens without scrolling sideways."""
    page = open_page(site.project(), width=WIDTH, height=800)
    page.get_by_role("link", name="run-1", exact=True).click()
    tab = page.get_by_role("navigation", name="Parts of the run").get_by_role("link", name="Artifacts")
    tab.click()
    expect(page.get_by_role("button", name="Preview weights.txt")).to_be_visible()
    page.reload()
    preview = page.get_by_role("button", name="Preview weights.txt")
    expect(preview).to_be_visible()
    assert in_sight(tab)
    assert in_sight(preview)
    assert in_sight(page.get_by_role("link", name="Download weights.txt"))
    assert in_sight(page.get_by_role("link", name="Next run"))


def test_an_empty_page_is_not_cut_off(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    """What a page without content says is broken into lines that fit."""
    seed = "import sys, trackrecord as tr\nwith tr.init('p', store=sys.argv[1], system_metrics=False): pass"
    subprocess.run([sys.executable, "-c", seed, str(tmp_path / "store")], check=True, capture_output=True)
    with serving(tmp_path / "store") as site:
        page = open_page(site.project("experiments", name="p"), width=WIDTH, height=800)
        text = page.get_by_text("An experiment is a question")
        expect(text).to_be_visible()
        assert in_sight(text)
