"""The first page and the page of experiments."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.page.conftest import Site
from tests.page.seed import MARKUP, PROJECT


def test_projects(site: Site, open_page: Callable[..., Page]) -> None:
    """A project shows its runs, failures, experiments and best result, and the newest runs are listed."""
    page = open_page(site.address)

    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=PROJECT))
    expect(row.get_by_role("cell").nth(0)).to_have_text("6")
    expect(row).to_contain_text("val/accuracy, highest, by")
    latest = page.get_by_role("region", name="Latest runs")
    expect(latest.get_by_role("row")).to_have_count(7)
    row.get_by_role("link", name=re.compile("^run-|^<img")).click()
    expect(page.get_by_role("region", name="Chart val/accuracy")).to_be_visible()


def test_experiments(site: Site, open_page: Callable[..., Page]) -> None:
    """An experiment shows what was asked and found, its runs from the best, and leads to them."""
    page = open_page(site.project("experiments"))

    card = page.get_by_role("article", name="Experiment one layer")
    expect(card).to_contain_text(f"64 units are enough {MARKUP}")
    expect(card).to_contain_text("They are not.")
    expect(card.get_by_role("rowheader")).to_have_text(["run-0", "run-2", "run-4"])
    card.get_by_role("link", name="Open in the table").click()
    expect(page.get_by_text("3 of 6 runs")).to_be_visible()
    page.go_back()
    card.get_by_role("link", name="Compare them").click()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()
