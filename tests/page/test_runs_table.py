"""The table of runs: filter, sorting, columns, selection, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Site
from tests.page.seed import MARKUP


def rows(page: Page) -> Locator:
    """Return the rows that are shown."""
    return page.locator("tr[data-run]")


def names(page: Page) -> list[str]:
    """Return the names in the order of the table."""
    return [text.strip() for text in page.locator("tr[data-run] th[scope=row]").all_inner_texts()]


def header(page: Page, name: str) -> Locator:
    """Return the head of a column; Playwright takes no slash in a pattern for a name."""
    return page.get_by_role("columnheader", name=re.compile("^" + re.escape(name).replace("/", ".")))


def test_shows_all_runs(site: Site, open_page: Callable[..., Page]) -> None:
    """Every run is there, newest first, with its state, what varies and its results; the count is exact."""
    page = open_page(site.project())

    expect(rows(page)).to_have_count(6)
    expect(page.get_by_text("6 runs", exact=True)).to_be_visible()
    assert names(page) == ["run-5", "run-4", MARKUP, "run-2", "run-1", "run-0"]
    for name in ("optimizer.lr", "val/accuracy", "val/loss", "State"):
        expect(header(page, name)).to_be_visible()
    # All runs have the same model: a column of it would tell nothing.
    expect(header(page, "model")).to_have_count(0)
    expect(page.locator("tr[data-run]", has_text="run-2").get_by_text("failed")).to_be_visible()


def test_the_numbers_of_a_column_stand_below_each_other(site: Site, open_page: Callable[..., Page]) -> None:
    """Results of one column have equally many decimals, so that 0.9 and 0.91 read 0.9000, 0.9100; counts are whole."""
    page = open_page(site.project("runs?cols=summary.accuracy,last_step&sort=name"))
    cells = page.locator("tr[data-run] td[data-numeric=true]")
    expect(cells).to_have_count(12)
    texts = cells.all_inner_texts()
    assert sorted(texts[0::2]) == ["0.9000", "0.9100", "0.9200", "0.9300", "0.9400", "0.9500"]
    assert set(texts[1::2]) == {"119"}


def test_filters(site: Site, open_page: Callable[..., Page]) -> None:
    """A filter narrows the table, counts exactly, stands in the address and comes back with it."""
    page = open_page(site.project())

    page.get_by_role("combobox", name="Filter runs").fill('optimizer.lr < 0.05 and state == "finished"')

    expect(page.get_by_text("3 of 6 runs")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=optimizer\.lr"))
    page.reload()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Clear the filter").click()
    expect(rows(page)).to_have_count(6)


def test_explains_a_wrong_filter(site: Site, open_page: Callable[..., Page]) -> None:
    """A misspelt name is marked and explained, the rows stay, and the suggestion repairs the filter with a click."""
    page = open_page(site.project())
    expect(rows(page)).to_have_count(6)

    page.get_by_role("combobox", name="Filter runs").fill("val/acuracy > 0.1")
    page.keyboard.press("Escape")

    alert = page.get_by_role("alert")
    expect(alert.locator("mark")).to_have_text("val/acuracy")
    expect(rows(page)).to_have_count(6)
    alert.get_by_role("button", name="val/accuracy").click()
    expect(alert).to_have_count(0)
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("val/accuracy > 0.1")


def test_completes(site: Site, open_page: Callable[..., Page]) -> None:
    """Typing offers names; the keyboard alone takes one and goes on behind it."""
    page = open_page(site.project())
    page.get_by_role("combobox", name="Filter runs").click()
    page.keyboard.type("val/ac")
    expect(page.get_by_role("option", name=re.compile("^val.accuracy"))).to_be_visible()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("> 0.8")

    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("val/accuracy > 0.8")
    expect(page.get_by_text(re.compile(r"\d of 6 runs"))).to_be_visible()


def test_sorts_in_three_states(site: Site, open_page: Callable[..., Page]) -> None:
    """A click on a head sorts from the greatest, a second from the least, a third goes back; the head says so."""
    page = open_page(site.project())
    expect(rows(page)).to_have_count(6)
    head = header(page, "val/accuracy")

    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(rows(page).first).to_contain_text("run-0")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text("run-5")
    page.go_back()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(rows(page).first).to_contain_text("run-0")
    page.go_forward()
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "none")
    expect(header(page, "Created")).to_have_attribute("aria-sort", "descending")


def test_chooses_columns(site: Site, open_page: Callable[..., Page]) -> None:
    """Columns are found by search, shown at once, kept in the address, and given up again."""
    page = open_page(site.project())
    expect(rows(page)).to_have_count(6)
    page.get_by_role("button", name="Columns").click()
    picker = page.get_by_role("dialog", name="Choose columns")
    picker.get_by_role("searchbox").fill("mod")
    picker.get_by_label("model").check()

    expect(header(page, "model")).to_be_visible()
    expect(rows(page).first).to_contain_text("mlp")
    page.reload()
    expect(header(page, "model")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Usual columns").click()
    expect(header(page, "model")).to_have_count(0)


def test_selects_a_range_and_compares(site: Site, open_page: Callable[..., Page]) -> None:
    """Shift takes everything between two clicks; Compare opens these runs."""
    page = open_page(site.project())
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    boxes = page.locator("tr[data-run] input[type=checkbox]")

    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])

    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Compare 3").click()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()
    expect(page.get_by_role("region", name="Runs compared").get_by_role("listitem")).to_have_count(3)
    page.go_back()
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(boxes.nth(2)).to_be_checked()
