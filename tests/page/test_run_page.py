"""One run: header, tabs, charts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Site
from tests.page.seed import MARKUP


@pytest.fixture
def open_run(site: Site, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """Return a function that opens a run from the table."""

    def opened(name: str) -> Page:
        page = open_page(site.project())
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        return page

    return opened


def test_charts_draw_what_was_logged(open_run: Callable[[str], Page]) -> None:
    """Each metric has a chart with all its points, in sections by prefix; the primary result stands above."""
    page = open_run("run-0")

    expect(page.get_by_role("region", name="Chart val/accuracy")).to_be_visible()
    expect(page.locator("section[data-metric='val/loss'] [data-points]")).to_have_attribute(
        "data-points", "120"
    )
    expect(page.get_by_role("button", name="val 2 charts")).to_be_visible()
    assert page.locator("section[data-metric]").count() == 3
    image = page.get_by_role("img", name=re.compile("^val.accuracy, one curve over step: run-0 ends at"))
    drawn = image.evaluate(
        "overlay => { const c = overlay.previousElementSibling;"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 200) n += 1; return n; }"
    )
    assert drawn > 300


def test_a_dragged_range_zooms_and_double_click_shows_all(open_run: Callable[[str], Page]) -> None:
    """Dragging over a chart zooms all of them to that range, in the address; a double click takes it back."""
    page = open_run("run-0")
    chart = page.get_by_role("img", name=re.compile("^val.accuracy"))
    expect(page.locator("section[data-metric='val/accuracy'] [data-points]")).to_have_attribute(
        "data-points", "120"
    )
    box = chart.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 80, steps=4)
    page.mouse.up()

    expect(page).to_have_url(re.compile(r"t=\d"))
    other = page.locator("section[data-metric='val/loss'] [data-points]")
    expect(other).not_to_have_attribute("data-points", "120")
    chart.dblclick()
    expect(page).not_to_have_url(re.compile(r"t="))
    expect(other).to_have_attribute("data-points", "120")


def test_the_keyboard_reads_a_chart(open_run: Callable[[str], Page]) -> None:
    """Arrow keys move along the points and say them; the table holds the numbers."""
    page = open_run("run-0")
    section = page.locator("section[data-metric='val/loss']")
    expect(section.locator("[data-points]")).to_have_attribute("data-points", "120")
    section.locator("canvas[role=img]").focus()

    page.keyboard.press("Home")
    expect(section.locator("[aria-live]")).to_have_text(re.compile(r"^step 0: run-0 2\.\d+"))
    page.keyboard.press("ArrowRight")
    expect(section.locator("[aria-live]")).to_have_text(re.compile(r"^step 1: run-0 "))
    page.get_by_role("button", name="Show val/loss as table").click()
    dialog = page.get_by_role("dialog", name="val/loss as table")
    expect(dialog.get_by_role("row")).to_have_count(121)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_chart_settings_live_in_the_address(open_run: Callable[[str], Page]) -> None:
    """Axis, logarithm and filter are in the address and come back with it."""
    page = open_run("run-0")
    page.get_by_role("button", name="Relative").click()
    page.get_by_role("button", name="Log y").click()
    page.get_by_role("searchbox", name="Filter charts").fill("^val/.*ss$")

    expect(page.locator("section[data-metric]")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("button", name="Relative")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")
    expect(
        page.get_by_role("img", name=re.compile("over time since the start, logarithmic values"))
    ).to_be_visible()


def test_params_environment_and_console(open_run: Callable[[str], Page]) -> None:
    """The tabs show inputs, surroundings and output; the output's colours are kept, its markup is text."""
    page = open_run("run-1")
    tabs = page.get_by_role("navigation", name="Parts of the run")

    tabs.get_by_role("link", name="Params").click()
    expect(page.get_by_role("row", name="optimizer.lr 0.01")).to_be_visible()
    tabs.get_by_role("link", name="Environment").click()
    expect(page.get_by_role("region", name="Python", exact=True)).to_contain_text("version")
    expect(page.get_by_role("region", name="Command", exact=True)).to_contain_text("seed")
    tabs.get_by_role("link", name="Console").click()
    line = page.get_by_role("region", name="Lines").locator("[data-index='119']")
    expect(line).to_contain_text("epoch 119 loss")
    expect(line).to_contain_text("<b>not bold</b>")
    expect(line.locator("[data-colour='2']")).to_have_text("epoch 119")
    page.get_by_role("searchbox", name="Search the console").fill("EPOCH 7 ")
    expect(page.get_by_text("1 line of 120 loaded lines")).to_be_visible()


def test_media_and_artifacts(open_run: Callable[[str], Page]) -> None:
    """Images are drawn, histograms are bars, tables are tables, files can be looked into and downloaded."""
    page = open_run("run-1")
    tabs = page.get_by_role("navigation", name="Parts of the run")

    tabs.get_by_role("link", name="Media").click()
    image = page.get_by_role("region", name="samples, image").get_by_role("img").first
    expect(image).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth === 32", arg=image.element_handle())
    bars = page.get_by_role("img", name=re.compile("^Histogram of 200 values")).first.locator("rect")
    assert bars.count() > 10
    expect(
        page.get_by_role("region", name="predictions, table").get_by_role("cell", name=MARKUP).first
    ).to_be_visible()
    expect(page.get_by_text(f"all well {MARKUP}")).to_be_visible()

    tabs.get_by_role("link", name="Artifacts").click()
    page.get_by_role("button", name="Preview weights.txt").click()
    expect(page.get_by_role("dialog", name="weights.txt")).to_contain_text(f"0.25 0.5 {MARKUP}")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download weights.txt").click()
    assert download.value.path().read_text() == f"0.25 0.5 {MARKUP}\n"


def test_a_failed_run_says_why_and_problems_are_shown(open_run: Callable[[str], Page]) -> None:
    """The traceback of a failed run and what could not be recorded stand at the top of the page."""
    page = open_run("run-2")
    expect(page.get_by_role("region", name="Traceback")).to_contain_text(
        f"ValueError: loss is too high {MARKUP}"
    )

    page.get_by_role("link", name="Previous run").click()
    expect(page.get_by_role("heading", level=1, name="run-1")).to_be_visible()
    expect(page.get_by_text("1 problem while recording")).to_be_visible()
    expect(page.get_by_text("1 NaN")).to_be_visible()


def test_an_unknown_run_is_told_as_such(site: Site, open_page: Callable[..., Page]) -> None:
    """A run that is not there gets the server's own words, not an empty page."""
    page = open_page(site.project("r/ffffffff"))
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
