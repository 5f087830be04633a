"""Takes the pictures in docs/images from a store with the demo's runs. Run by ``make screenshots``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1440, "height": 900}


def address_of(server: subprocess.Popen[str]) -> str:
    """Return the address that a server says when it answers."""
    assert server.stdout is not None
    for line in server.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found.group()
    raise SystemExit("the server ended before it said its address")


def pages(address: str) -> dict[str, str]:
    """Return the path of each picture's page, by the picture's name."""
    with urllib.request.urlopen(f"{address}/api/v1/runs?project=digits&sort=-val/accuracy&limit=8") as answer:  # noqa: S310
        runs = [run["id"] for run in json.load(answer)["items"]]
    return {
        "projects": "/",
        "runs": "/p/digits/runs",
        "run": f"/p/digits/r/{runs[0]}",
        "compare": f"/p/digits/compare?r={','.join(runs)}",
        "experiments": "/p/shapes/experiments",
    }


def take(browser: Browser, address: str, theme: str) -> None:
    """Take all pictures in one theme."""
    for name, path in pages(address).items():
        page = browser.new_page(viewport=SIZE, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.goto(address + path)
        page.wait_for_selector("main h1, main h2, main table")
        page.evaluate("document.fonts.ready")
        time.sleep(1.5)
        page.screenshot(path=IMAGES / f"{name}-{theme}.png")
        print(f"docs/images/{name}-{theme}.png")
        page.close()


def main() -> None:
    """Serve the store named on the command line and take every picture in light and dark."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "trackrecord",
        "--store",
        sys.argv[1],
        "ui",
        "--port",
        "0",
        "--no-browser",
    ]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        try:
            address = address_of(server)
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("TRACKRECORD_CHROMIUM", "/usr/bin/chromium"),
                args=["--no-sandbox", "--disable-gpu"],
            )
            for theme in ("light", "dark"):
                take(browser, address, theme)
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
