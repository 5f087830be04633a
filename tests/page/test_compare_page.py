"""Several runs side by side."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Site


@pytest.fixture
def compared(site: Site, open_page: Callable[..., Page]) -> Page:
    """Open the comparison of run-0, run-1 and run-4."""
    page = open_page(site.project())
    for name in ("run-0", "run-1", "run-4"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Compare 3").click()
    expect(page.get_by_role("heading", name="Compare 3 runs")).to_be_visible()
    return page


def test_curves_are_overlaid(compared: Page) -> None:
    """Each chart holds the curves of all runs, each run in a colour of its own."""
    chart = compared.locator("section[data-metric='val/accuracy']")
    expect(chart.locator("[data-points]")).to_have_attribute("data-points", "360")
    expect(chart.get_by_role("img", name=re.compile("3 curves over step"))).to_be_visible()
    colours = (
        compared.get_by_role("region", name="Runs compared")
        .locator("svg line")
        .evaluate_all("lines => lines.map(line => line.getAttribute('stroke'))")
    )
    assert len(set(colours)) == 3


def test_the_legend_hides_highlights_and_removes(compared: Page) -> None:
    """A run is hidden with its eye, lit up in every chart by pointing at it, and taken out of the comparison."""
    legend = compared.get_by_role("region", name="Runs compared")
    plot = compared.locator("section[data-metric='val/accuracy'] [data-points]")
    expect(plot).to_have_attribute("data-points", "360")

    legend.get_by_role("button", name="Draw run-1").click()
    expect(plot).to_have_attribute("data-points", "240")
    legend.get_by_role("button", name="Show all").click()
    expect(plot).to_have_attribute("data-points", "360")

    inked = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value > 0)"
    other = compared.locator("section[data-metric='val/loss'] canvas[role=img]")
    assert other.evaluate(inked) is False
    legend.get_by_role("link", name="run-4").hover()
    compared.wait_for_function(f"canvas => ({inked})(canvas)", arg=other.element_handle())

    legend.get_by_role("button", name="Take run-4 out of the comparison").click()
    expect(compared.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    compared.go_back()
    expect(compared.get_by_role("heading", name="Compare 3 runs")).to_be_visible()


def test_the_crosshair_is_shared(compared: Page) -> None:
    """Pointing into one chart marks the same step in the others and lists the values, nearest first."""
    chart = compared.locator("section[data-metric='val/accuracy'] canvas[role=img]")
    expect(compared.locator("section[data-metric='val/loss'] [data-points]")).to_have_attribute(
        "data-points", "360"
    )
    box = chart.bounding_box()
    assert box is not None

    compared.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    tip = compared.locator("section[data-metric='val/accuracy']").get_by_text(re.compile(r"^step \d+$")).last
    expect(tip).to_be_visible()
    inked = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value > 0)"
    other = compared.locator("section[data-metric='val/loss'] canvas[role=img]")
    compared.wait_for_function(f"canvas => ({inked})(canvas)", arg=other.element_handle())


def test_differences_and_best_values(compared: Page) -> None:
    """Only what differs is shown until all is asked for; the best of a metric with a goal is marked."""
    params = compared.get_by_role("region", name="Params side by side")
    expect(params.get_by_role("rowheader", name="optimizer.lr")).to_be_visible()
    expect(params.get_by_role("rowheader", name="model")).to_have_count(0)
    results = compared.get_by_role("region", name="Results side by side")
    best = results.get_by_role("row", name=re.compile("^val.accuracy")).get_by_role("cell")
    expect(best.nth(0)).to_contain_text("best")
    expect(best.nth(1)).not_to_contain_text("best")

    compared.get_by_label("Only differences").uncheck()
    expect(params.get_by_role("rowheader", name="model")).to_be_visible()
    expect(compared).to_have_url(re.compile("all=1"))


def test_nothing_chosen_says_how(site: Site, open_page: Callable[..., Page]) -> None:
    """The page without runs says how to choose some and offers the newest."""
    page = open_page(site.project("compare"))
    page.get_by_role("link", name="Compare the newest 5").click()
    expect(page.get_by_role("heading", name="Compare 5 runs")).to_be_visible()
