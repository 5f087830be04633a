"""Every benchmark runs: our side of each row at a tiny size, and the report that is made of it. No times are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from benchmarks.__main__ import ROWS, measure
from benchmarks.bench import Bench
from benchmarks.sides import PEERS, chosen


@pytest.mark.parametrize("name", ROWS)
def test_our_side_of_each_row_runs_at_a_tiny_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row gives figures of ours, a full table, and leaves neither a folder nor a process behind."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with Bench([], quick=True) as bench:
        row: dict[str, Any] = measure(name, bench)
        folder = bench.folder

    assert any("rackrecord" in line[0] for line in row["lines"])
    assert all(len(line) == len(row["headings"]) for line in row["lines"])
    assert row["reaches"], "each row has something to reach"
    assert name in report.section(name, row)
    assert not folder.exists()


def test_killed_processes_lose_nothing_that_was_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the kill counts what is readable, and with us that is everything."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with Bench([], quick=True) as bench:
        row: dict[str, Any] = measure("killed", bench)

    assert row["figures"]["trackrecord"] == {"kept": 1.0, "paced": 1.0, "unpaced": 1.0}


def test_the_report_keeps_what_people_wrote(tmp_path: Path) -> None:
    """Writing results again replaces what is between the markers and nothing else."""
    results, data = tmp_path / "RESULTS.md", tmp_path / "results.json"
    row = _row("old")
    report.write({"killed": row}, results, data)
    remark = "A remark by a person.\n"
    text = results.read_text(encoding="utf-8").replace(
        "<!-- end killed -->\n", f"<!-- end killed -->\n{remark}"
    )
    results.write_text(text, encoding="utf-8")

    report.write({"killed": _row("new"), "disk": _row("more")}, results, data)

    written = results.read_text(encoding="utf-8")
    assert remark in written
    assert "new" in written
    assert "old" not in written
    assert written.count("<!-- begin killed -->") == written.count("<!-- begin disk -->") == 1


def test_peers_are_pinned_and_chosen_by_name_or_family() -> None:
    """Each peer states an exact version; a wrong name is an error that says which there are."""
    assert all("==" in side.requires[0] and side.settings for side in PEERS)
    assert {side.name for side in chosen(["mlflow"])} == {"mlflow", "mlflow-async", "mlflow-server"}
    with pytest.raises(ValueError, match=r"no such peer: nothing; there are .*trackio"):
        chosen(["nothing"])


def _row(cell: str) -> dict[str, Any]:
    machine = {
        "date": "today",
        "commit": "c",
        "machine": "m",
        "system": "s",
        "Python": "p",
        "load before": "0",
    }
    return {
        "title": "T",
        "question": "Q",
        "machine": machine,
        "seconds": 1.0,
        "headings": ["side"],
        "lines": [[cell]],
        "reaches": [],
        "notes": [],
        "figures": {},
    }
