"""What holds on every page: nothing logged is run, everybody can use it, both themes, small screens, any path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.conftest import ROOT, Site, serving
from tests.page.seed import MARKUP, PROJECT

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def addresses(site: Site, page: Page) -> dict[str, str]:
    """Return every page by name; runs are found in the table."""
    page.goto(site.project())
    expect(page.locator("tr[data-run]")).to_have_count(6)
    ids = {
        row.locator("th[scope=row]").inner_text().strip(): row.get_attribute("data-run") or ""
        for row in page.locator("tr[data-run]").all()
    }
    tabs = ("charts", "params", "environment", "console", "media", "artifacts")
    return {
        "projects": site.address,
        "runs": site.project(),
        "refused filter": site.project("runs?q=nonsense"),
        "compare": site.project(f"compare?r={','.join(ids.values())}"),
        "nothing to compare": site.project("compare"),
        "experiments": site.project("experiments"),
        **{f"run, {tab}": site.project(f"r/{ids['run-1']}/{tab}") for tab in tabs},
        "odd run": site.project(f"r/{ids[MARKUP]}"),
        "failed run": site.project(f"r/{ids['run-2']}"),
        "no page": f"{site.address}/nothing/here",
    }


def settle(page: Page) -> None:
    """Wait until a page has its heading, its fonts and its curves."""
    expect(page.locator("main h1, main h2").first).to_be_attached()
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => true)")
    expect(page.get_by_role("button", name="Live.")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)


def test_names_with_markup_are_text_everywhere(site: Site, open_page: Callable[..., Page]) -> None:
    """A name, note, tag, caption or text that looks like markup is shown as it is and does nothing, on every page."""
    page = open_page(site.address)
    for address in addresses(site, page).values():
        page.goto(address)
        settle(page)
        assert "Trackrecord" in page.title()
        assert page.locator("img[src='x']").count() == 0
    page.goto(site.project())
    expect(page.get_by_role("link", name=MARKUP)).to_be_visible()
    page.get_by_role("link", name=MARKUP).click()
    expect(page.get_by_role("heading", level=1, name=MARKUP)).to_be_visible()
    expect(
        page.get_by_role("navigation", name="You are here").get_by_role("link", name=PROJECT)
    ).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(site: Site, browser: Browser, theme: str) -> None:
    """No page has an accessibility finding, in either theme, wide or narrow."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed; `make ui-dev` installs it")
    found: list[str] = []
    for width in (1440, 400):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            bypass_csp=True,  # or axe could not be put into the page
        )
        page = context.new_page()
        for name, address in addresses(site, page).items():
            page.goto(address)
            settle(page)
            page.evaluate(AXE.read_text(encoding="utf-8"))
            result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            found += [
                f"{name} at {width}: {item['id']} {item['nodes'][0]['html'][:200]}"
                for item in result["violations"]
            ]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{name} at {width}: the page is wider than the window")
        context.close()
    assert found == []


def test_axe_would_find_something(site: Site, browser: Browser) -> None:
    """The accessibility test can fail: a grey text on a page that is otherwise the same is found."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed; `make ui-dev` installs it")
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(site.project())
    expect(page.locator("tr[data-run]")).to_have_count(6)
    page.add_style_tag(content=":root { --text-3: light-dark(#c8c8c8, #c8c8c8) }")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    context.close()
    assert "color-contrast" in [item["id"] for item in result["violations"]]


def test_themes(site: Site, open_page: Callable[..., Page]) -> None:
    """The page follows the system until a theme is chosen; the choice is kept, from the first paint on."""
    page = open_page(site.project(), theme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(15, 17, 21)"
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == "rgb(251, 251, 252)"

    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(background) == "rgb(15, 17, 21)"
    page.reload(wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="The system's theme").click()
    assert page.evaluate(background) == "rgb(251, 251, 252)"


def test_works_under_a_prefix(filled_store: Path, open_page: Callable[..., Page]) -> None:
    """Behind a proxy that serves it under a path, pages, requests, live updates and reloading work."""
    with serving(filled_store, "--prefix", "/proxy/trackrecord") as site:
        base = (
            site.address
            if site.address.endswith("/proxy/trackrecord")
            else f"{site.address}/proxy/trackrecord"
        )
        page = open_page(f"{base}/")
        page.get_by_role("link", name=PROJECT).first.click()
        expect(page.locator("tr[data-run]")).to_have_count(6)
        expect(page.get_by_role("button", name="Live.")).to_be_visible()
        page.get_by_role("link", name="run-1", exact=True).click()
        page.get_by_role("link", name="Params").click()
        page.reload()
        expect(page.get_by_role("row", name="optimizer.lr 0.01")).to_be_visible()
        assert "/proxy/trackrecord/p/" in page.url


def test_nothing_comes_from_elsewhere(site: Site, browser: Browser) -> None:
    """The page asks nobody but its own server, and no rule of its own security policy is broken."""
    context = browser.new_context()
    page = context.new_page()
    requested: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on(
        "console",
        lambda message: refused.append(message.text) if "Content Security" in message.text else None,
    )
    for address in addresses(site, page).values():
        page.goto(address)
        settle(page)
    context.close()
    foreign = [url for url in requested if not url.startswith((site.address, "data:", "blob:"))]
    assert (foreign, refused) == ([], [])


def test_the_keyboard_reaches_the_content(site: Site, open_page: Callable[..., Page]) -> None:
    """The first stop of the keyboard is a link that skips to the content."""
    page = open_page(site.project())
    expect(page.locator("tr[data-run]")).to_have_count(6)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
