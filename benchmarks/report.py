"""RESULTS.md and results.json: what was measured last, row by row, beside remarks that people wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.sides import PEERS, PLAIN, SQLITE, TRACKRECORD

HERE = Path(__file__).parent
RESULTS, DATA = HERE / "RESULTS.md", HERE / "results.json"

_HEAD = """# Results

What `make bench` measured last. Everything between two markers is written by it; what stands outside of them is
written by people and kept. [README.md](README.md) says what is measured, how, and what is fair about it.
"""


def known() -> dict[str, Any]:
    """Return the rows that are written down, by name."""
    try:
        rows: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return rows


def write(rows: dict[str, Any], results: Path = RESULTS, data: Path = DATA) -> None:
    """Write all rows; ``rows`` are those of `known` with the new ones in their place."""
    data.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    text = results.read_text(encoding="utf-8") if results.exists() else _HEAD
    text = _put(text, "reaches", _reaches(rows))
    for name, row in rows.items():
        text = _put(text, name, section(name, row))
    text = _put(text, "settings", _settings())
    results.write_text(text, encoding="utf-8")


def section(name: str, row: dict[str, Any]) -> str:
    """Return one row as Markdown."""
    facts = row["machine"]
    lines = [f"## {row['title']}", "", row["question"], ""]
    lines += _table(row["headings"], row["lines"])
    lines += [""]
    lines += [
        f"- {'reached' if reach['met'] else '**not reached**'}: {reach['what']}: {reach['measured']} "
        f"(wanted: {reach['wanted']})"
        for reach in row["reaches"]
    ]
    lines += [f"- {note}" for note in row["notes"]]
    lines += [
        "",
        (
            f"`make bench ONLY={name}`, {facts['date']}, commit {facts['commit']}, {row['seconds']:.0f} s: "
            f"{facts['machine']}; {facts['system']}; Python {facts['Python']}; load {facts['load before']}."
        ),
    ]
    return "\n".join(lines)


def _reaches(rows: dict[str, Any]) -> str:
    lines = [
        [row["title"], reach["what"], reach["wanted"], reach["measured"], "yes" if reach["met"] else "**no**"]
        for row in rows.values()
        for reach in row["reaches"]
    ]
    return "\n".join(["## In short", "", *_table(["row", "what", "wanted", "measured", "reached"], lines)])


def _settings() -> str:
    lines = [
        [side.title, " ".join(side.requires) or "this commit", side.settings]
        for side in (TRACKRECORD, PLAIN, SQLITE, *PEERS)
    ]
    return "\n".join(["## Versions and settings", "", *_table(["side", "version", "settings"], lines)])


def _table(headings: list[str], lines: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(headings) + " |",
        "|" + "---|" * len(headings),
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines),
    ]


def _put(text: str, name: str, content: str) -> str:
    """Put ``content`` between the markers of ``name``; at the end where there are none yet."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    block = f"{begin}\n{content}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: block, text, count=1)
    return text.rstrip("\n") + f"\n\n{block}\n"
