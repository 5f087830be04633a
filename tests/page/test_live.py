"""A page that follows what runs do, without being loaded again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Site, serving

# Logs for as long as its standard input stays open, then fails, so that the test decides how long the run goes on.
LOGGING = """
import sys, threading, time
import trackrecord as tr
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
with tr.init("live", store=sys.argv[1], name=sys.argv[2], system_metrics=False) as run:
    step = 0
    while not ended.wait(0.05):
        run.log({"loss": 1 / (step + 1)}, step=step)
        step += 1
        if step % 5 == 0:
            print("step", step, flush=True)
    raise RuntimeError("told to fail")
"""


ONE_RUN = """
import sys
import trackrecord as tr
with tr.init("p", store=sys.argv[1], name="kept") as run:
    run.log({"a": 1})
"""


@contextmanager
def logging_run(store: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that logs until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", LOGGING, str(store), name],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait(20)


@pytest.fixture
def live_site(tmp_path: Path) -> Iterator[Site]:
    """Serve an empty store."""
    with serving(tmp_path / "store") as started:
        yield started


def points(page: Page) -> int:
    """Return the points that the chart of the loss holds."""
    return int(plot(page).get_attribute("data-points") or 0)


def plot(page: Page) -> Locator:
    """Return the chart of the loss."""
    return page.locator("section[data-metric=loss] [data-points]")


def wait_for_points(page: Page, more_than: int) -> int:
    """Wait until the chart has more points than that; return how many."""
    page.wait_for_function(
        "n => Number(document.querySelector('section[data-metric=loss] [data-points]')?.dataset.points) > n",
        arg=more_than,
        timeout=30_000,
    )
    return points(page)


def test_a_first_run_appears_and_its_curve_grows(live_site: Site, open_page: Callable[..., Page]) -> None:
    """From an empty store to a growing curve to a failed run, on one page that is never loaded again."""
    page = open_page(live_site.address)
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.get_by_text("trackrecord demo")).to_be_visible()
    expect(page.get_by_role("button", name="Live.")).to_be_visible()
    page.evaluate("window.loadedOnce = true")

    with logging_run(live_site.store, "growing") as process:
        page.get_by_role("link", name="growing").click()
        expect(page.get_by_role("heading", name="growing")).to_be_visible()
        seen = wait_for_points(page, more_than=3)
        seen = wait_for_points(page, more_than=seen + 5)
        wait_for_points(page, more_than=seen + 5)
        expect(page.locator("header h1 + span")).to_have_text("running")

        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)
    expect(page.locator("header h1 + span")).to_have_text("failed", timeout=20_000)
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("RuntimeError: told to fail")
    assert page.evaluate("window.loadedOnce") is True


def test_the_table_takes_in_new_runs_and_states(live_site: Site, open_page: Callable[..., Page]) -> None:
    """Runs that begin, and how they end, show up in the table; what is selected stays selected."""
    with logging_run(live_site.store, "first") as first:
        page = open_page(live_site.project(name="live"))
        expect(page.locator("tr[data-run]")).to_have_count(1, timeout=20_000)
        page.get_by_label("Select first").check()

        with logging_run(live_site.store, "second"):
            expect(page.locator("tr[data-run]")).to_have_count(2, timeout=20_000)
            assert first.stdin is not None
            first.stdin.close()
            expect(page.locator("tr[data-run]", has_text="first").get_by_text("failed")).to_be_visible(
                timeout=20_000
            )
        expect(page.get_by_label("Select first")).to_be_checked()


def test_pausing_holds_the_page_still(live_site: Site, open_page: Callable[..., Page]) -> None:
    """While paused nothing moves; going on catches up. A zoom survives both."""
    with logging_run(live_site.store, "growing"):
        page = open_page(live_site.address)
        page.get_by_role("link", name="growing").click()
        seen = wait_for_points(page, more_than=20)

        page.get_by_role("button", name="Live.").click()
        expect(page.get_by_role("button", name="Paused.")).to_be_visible()
        page.wait_for_timeout(800)  # what was asked for before may still arrive
        held = points(page)
        page.wait_for_timeout(1500)
        assert points(page) == held

        page.get_by_role("button", name="Paused.").click()
        wait_for_points(page, more_than=max(held, seen))

        page.goto(f"{page.url}?t=2,6")
        expect(plot(page)).to_have_attribute("data-loaded", "true")
        page.wait_for_timeout(1500)
        expect(page).to_have_url(re.compile(r"t=2,6"))
        expect(page.locator("section[data-metric=loss] canvas[role=img]")).to_have_attribute(
            "aria-label", re.compile(r"step 6\)")
        )


def test_the_console_follows(live_site: Site, open_page: Callable[..., Page]) -> None:
    """Lines are shown as they are printed."""
    with logging_run(live_site.store, "talking"):
        page = open_page(live_site.address)
        page.get_by_role("link", name="talking").click()
        page.get_by_role("link", name="Console").click()
        lines = page.get_by_role("region", name="Lines")
        expect(lines).to_contain_text("step 10", timeout=20_000)
        expect(lines).to_contain_text("step 40", timeout=20_000)


def test_says_that_the_server_is_away_and_recovers(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    """When the server ends the page says so and keeps what it shows; when it is back the page goes on by itself."""
    store = tmp_path / "store"
    subprocess.run([sys.executable, "-c", ONE_RUN, str(store)], check=True, capture_output=True)
    with serving(store) as first:
        page = open_page(first.project(name="p"))
        expect(page.locator("tr[data-run]")).to_have_count(1)
        expect(page.get_by_role("button", name="Live.")).to_be_visible()
        port = first.address.rsplit(":", 1)[1]
    expect(page.get_by_role("button", name="Lost.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    expect(page.locator("tr[data-run]")).to_have_count(1)

    with serving(store, "--port", port):
        expect(page.get_by_role("button", name="Live.")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("The server does not answer.")).to_have_count(0)
