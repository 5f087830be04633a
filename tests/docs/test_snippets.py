"""The Python in the documentation runs, as it stands, in a fresh process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "docs/charts.md",
    "docs/lifecycle.md",
    "docs/reading.md",
    "docs/recording.md",
    "docs/export.md",
    "docs/sql.md",
]


def _snippets(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page in PAGES for number in range(len(_snippets(page)))]
)
def test_snippet_runs(page: str, number: int, tmp_path: Path) -> None:
    """Each Python block of a page runs without an error or a word of warning in an empty folder."""
    if page == "docs/sql.md":
        pytest.importorskip(
            "duckdb", minversion="2.0", reason="SQL needs duckdb 2.0, which needs Python 3.11"
        )
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    environment.pop("TRACKRECORD_STORE", None)
    done = subprocess.run(
        [sys.executable, "-c", _snippets(page)[number]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / ".trackrecord" / "store.json").exists()


def test_readme_snippet_prints_the_best_run(tmp_path: Path) -> None:
    """The README's example reads back what it recorded: its run's name and learning rate."""
    done = subprocess.run(
        [sys.executable, "-c", _snippets("README.md")[0]],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert re.fullmatch(r"[a-z]+-[a-z]+ 0\.1\n", done.stdout)


def test_every_linked_file_exists() -> None:
    """No page links to a file that is not there."""
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for target in re.findall(r"\]\(((?!https?:|#)[^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert missing == []
