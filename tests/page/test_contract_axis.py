"""The x axis that a metric's contract asks for, and what holds over it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Site, serving

SEED = """
import sys
import trackrecord as tr
for name in ("first", "second"):
    with tr.init("axes", store=sys.argv[1], name=name, console=False, system_metrics=False) as run:
        run.define_metric("val/loss", x="epoch")
        run.define_metric("val/error", x="no/such metric")
        run.define_metric("val/late", x="epoch")
        for step in range(20):
            run.log({"val/loss": 1 / (step + 1), "val/error": 2 / (step + 1), "epoch": step / 100}, step=step)
            run.log({"val/late": 3 / (step + 1)}, step=100 + step)
"""


@pytest.fixture(scope="module")
def axes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve two runs of metrics whose contracts name an x that fits, one that was never logged, one without a point."""
    store = tmp_path_factory.mktemp("axes") / "store"
    subprocess.run([sys.executable, "-c", SEED, str(store)], check=True, capture_output=True)
    with serving(store) as site:
        yield site


def chart(page: Page, metric: str) -> Locator:
    """Return the card of a metric."""
    return page.get_by_role("region", name=f"Chart {metric}", exact=True)


def points(card: Locator) -> Locator:
    """Return the part of a card that knows how many points are drawn."""
    return card.locator("[data-points]")


def open_run(axes: Site, open_page: Callable[..., Page]) -> Page:
    """Open the charts of the newest run."""
    page = open_page(axes.project(name="axes"))
    page.get_by_role("link", name="second", exact=True).click()
    return page


def test_a_contract_sets_the_default_axis(axes: Site, open_page: Callable[..., Page]) -> None:
    """Without a choice a chart is drawn over its contract's x, and the address says nothing of it."""
    page = open_run(axes, open_page)
    expect(page.get_by_role("button", name="Auto", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(
        chart(page, "val/loss").get_by_role("img", name=re.compile("one curve over epoch"))
    ).to_be_visible()
    expect(chart(page, "val/loss").get_by_text("epoch 0.19")).to_be_visible()
    expect(page).not_to_have_url(re.compile(r"[?&]x="))


def test_a_contract_that_fits_no_point_falls_back_to_steps(
    axes: Site, open_page: Callable[..., Page]
) -> None:
    """Where the x was never logged, or not at a point's step, the points are shown over steps and the card says why."""
    page = open_run(axes, open_page)
    for metric, note in (
        ("val/error", "over steps: no no/such metric logged"),
        ("val/late", "over steps: no epoch at these steps"),
    ):
        card = chart(page, metric)
        expect(points(card)).to_have_attribute("data-points", "20")
        expect(card.get_by_role("img", name=re.compile("one curve over step"))).to_be_visible()
        expect(card.get_by_text(note)).to_be_visible()
        expect(card.get_by_text("No points yet")).to_have_count(0)


def test_a_chosen_step_holds_over_every_contract(axes: Site, open_page: Callable[..., Page]) -> None:
    """Choosing Step draws all charts over steps, is kept by the address, and Auto takes it back."""
    page = open_run(axes, open_page)
    page.get_by_role("button", name="Step", exact=True).click()

    over_steps = chart(page, "val/loss").get_by_role("img", name=re.compile("one curve over step"))
    expect(over_steps).to_be_visible()
    expect(chart(page, "val/error").get_by_text("no/such metric")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]x=step"))
    page.reload()
    expect(over_steps).to_be_visible()

    page.get_by_role("button", name="Auto", exact=True).click()
    expect(
        chart(page, "val/loss").get_by_role("img", name=re.compile("one curve over epoch"))
    ).to_be_visible()
    expect(page).not_to_have_url(re.compile(r"[?&]x="))


def test_the_comparison_follows_contracts_too(axes: Site, open_page: Callable[..., Page]) -> None:
    """Beside each other runs are drawn over the contract's x, or over steps where none of them logged it."""
    page = open_page(axes.project("compare", name="axes"))
    page.get_by_role("link", name="Compare the newest 2").click()
    page.get_by_role("searchbox", name="Filter charts").fill("^val/(loss|error)")
    expect(chart(page, "val/loss").get_by_role("img", name=re.compile("2 curves over epoch"))).to_be_visible()
    expect(chart(page, "val/error").get_by_role("img", name=re.compile("2 curves over step"))).to_be_visible()
    expect(chart(page, "val/error").get_by_text("over steps: no no/such metric logged")).to_be_visible()
