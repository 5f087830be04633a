"""A sweep as its runs see it: parents, groups, what was swept, and values logged over steps."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Site, serving

GROUP = 'first "try"'
SEED = """
import sys
import trackrecord as tr
store, group, figure = sys.argv[1:]
open(figure, "wb").write(tr.Image([[[x % 256, y, 128] for x in range(300)] for y in range(200)]).content)
common = {"store": store, "console": False, "system_metrics": False}
with tr.init("sweep", name="search", params={"trials": 4}, **common) as search:
    for number in range(4):
        params = {"activation": ("relu", "gelu")[number == 3], "batch": 64, "lr": 10.0 ** -number, "seed": number}
        with tr.init(
            "sweep", name=f"trial-{number}", parent=search.id, params=params, experiment="rates",
            group=group if number else None, **common
        ) as run:
            run.log({"loss": 1 / (number + 1)}, step=0)
with tr.init("sweep", name="alone", params={"lr": 3.0}, **common) as run:
    for step in range(8):
        weights = tr.Histogram(edges=[step, step + 1, step + 2], counts=[10 - step, 1])
        run.log({"weights": weights, "tiny": tr.Image([[[step * 30] * 3] * 8] * 8)}, step=step * 10)
    run.log({"curve": tr.Figure(figure), "photo": tr.Image(figure), "once": 0.5}, step=0)
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a search of four runs, and a run beside it."""
    folder = tmp_path_factory.mktemp("sweep")
    arguments = [str(folder / "store"), GROUP, str(folder / "figure.png")]
    subprocess.run([sys.executable, "-c", SEED, *arguments], check=True, capture_output=True)
    with serving(folder / "store") as site:
        yield site


@pytest.fixture
def table(sweep: Site, open_page: Callable[..., Page]) -> Page:
    """Open the table of the project."""
    page = open_page(sweep.project(name="sweep"))
    expect(page.locator("tr[data-run]")).to_have_count(6)
    return page


@pytest.fixture
def media(table: Page) -> Page:
    """Open what the run beside the search logged."""
    table.get_by_role("link", name="alone", exact=True).click()
    table.get_by_role("navigation", name="Parts of the run").get_by_role("link", name="Media").click()
    return table


def test_begins_with_what_was_swept(table: Page) -> None:
    """Results come first, then the params by how much they vary, seeds last; constant ones are left out."""
    heads = [text.strip() for text in table.get_by_role("columnheader").all_inner_texts()]
    wanted = ["loss", "once", "lr", "activation", "seed"]
    assert [head for head in heads if head in wanted] == wanted
    expect(table.get_by_role("columnheader", name="batch")).to_have_count(0)


def test_a_run_inside_another_names_it(table: Page) -> None:
    """The table and the run's own page name the parent and lead to it; other runs say nothing."""
    row = table.locator("tr[data-run]", has_text="trial-2")
    expect(row.get_by_role("rowheader")).to_have_text("trial-2in search")
    expect(table.locator("tr[data-run]", has_text="alone").get_by_role("rowheader")).to_have_text("alone")
    row.get_by_role("link", name="trial-2", exact=True).click()
    expect(table.get_by_text("Part of")).to_be_visible()
    table.get_by_role("link", name="search", exact=True).click()
    expect(table.get_by_role("heading", level=1, name="search")).to_be_visible()


def test_a_parent_out_of_sight_is_named_by_its_id(sweep: Site, open_page: Callable[..., Page]) -> None:
    """Where the parent is not among the rows, the end of its id stands for it."""
    page = open_page(sweep.project('runs?q=name == "trial-2"', name="sweep"))
    expect(page.locator("tr[data-run]").get_by_role("rowheader")).to_have_text(
        re.compile(r"^trial-2in [0-9a-f]{8}$")
    )


def test_groups_and_experiments_lead_to_their_runs(table: Page) -> None:
    """A group, in the table and on a run's page, is a link to its runs; so is an experiment."""
    table.locator("tr[data-run]", has_text="trial-2").get_by_role("link", name=GROUP).click()
    box = table.get_by_role("combobox", name="Filter runs")
    expect(box).to_have_value('group == "first \\"try\\""')
    expect(table.get_by_text("3 of 6 runs")).to_be_visible()
    table.get_by_role("link", name="trial-2", exact=True).click()
    table.get_by_role("link", name="rates").click()
    expect(box).to_have_value('experiment == "rates"')
    expect(table.get_by_text("4 of 6 runs")).to_be_visible()
    table.get_by_role("link", name="trial-1", exact=True).click()
    table.get_by_role("link", name=GROUP).click()
    expect(table.get_by_text("3 of 6 runs")).to_be_visible()


def test_histograms_share_a_frame_and_a_slider(media: Page) -> None:
    """The newest histogram is shown; arrow keys go through the steps, and the range of x stays."""
    section = media.get_by_role("region", name="weights, histogram")
    bars = section.get_by_role("img")
    expect(bars).to_have_count(1)
    expect(bars).to_have_accessible_name("Histogram of 4 values from 7 to 9")
    expect(section.get_by_role("figure")).to_contain_text(re.compile(r"0\s*4 values\s*9"))

    slider = section.get_by_role("slider", name="Step of weights")
    expect(slider).to_have_attribute("aria-valuetext", "Step 70")
    slider.focus()
    media.keyboard.press("ArrowLeft")
    expect(bars).to_have_accessible_name("Histogram of 5 values from 6 to 8")
    media.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "Step 0")
    expect(bars).to_have_accessible_name("Histogram of 11 values from 0 to 2")
    expect(section.get_by_role("figure")).to_contain_text(re.compile(r"0\s*11 values\s*9"))


def test_only_tiny_images_show_their_pixels(media: Page) -> None:
    """An image of a few pixels is drawn with squares; figures and larger images are scaled smoothly."""
    for key, rendering in (("tiny, image", "pixelated"), ("photo, image", "auto"), ("curve, figure", "auto")):
        image = media.get_by_role("region", name=key).get_by_role("img")
        expect(image).to_have_count(1)
        expect(image).to_have_css("image-rendering", rendering)
    media.get_by_role("button", name="Enlarge curve").click()
    expect(media.get_by_role("dialog").get_by_role("img")).to_have_css("image-rendering", "auto")
