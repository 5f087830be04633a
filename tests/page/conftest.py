"""The real page in a real Chromium, served by the real command on a store that the SDK filled."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.page.chromium import ARGUMENTS, find_chromium
from tests.page.seed import PROJECT

pytest.importorskip("playwright", reason="playwright is not installed; `make venv` installs it")
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "src" / "trackrecord" / "server" / "_ui" / "index.html"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@dataclass
class Site:
    """A running ``trackrecord ui``."""

    address: str
    store: Path

    def project(self, page: str = "runs", name: str = PROJECT) -> str:
        """Return the address of one of a project's pages."""
        return f"{self.address}/p/{quote(name, safe='')}/{page}"


@contextmanager
def serving(store: Path, *arguments: str) -> Iterator[Site]:
    """Start ``trackrecord ui`` on a free port and end it afterwards."""
    command = [sys.executable, "-m", "trackrecord", "ui", "--port", "0", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    with subprocess.Popen(
        [*command, "--store", str(store), *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"trackrecord ui said {line!r} instead of its address"
            yield Site(found[0].rstrip("/"), store)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once for all tests."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("there is no Chromium; `make browser` says how to get one")
    assert BUNDLE.exists(), "the page has not been built; run: make ui"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record six runs in a process of their own."""
    store = tmp_path_factory.mktemp("page") / "store"
    subprocess.run(
        [sys.executable, "-m", "tests.page.seed", str(store)], cwd=ROOT, check=True, capture_output=True
    )
    return store


@pytest.fixture(scope="session")
def site(filled_store: Path) -> Iterator[Site]:
    """Serve the filled store."""
    with serving(filled_store) as started:
        yield started


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a fresh page; an error that the page reports fails the test."""
    faults: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        # A refused filter and a server that was stopped on purpose are answers, not faults.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(message.text)

    def opened(address: str, *, theme: str = "light", width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", note)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
