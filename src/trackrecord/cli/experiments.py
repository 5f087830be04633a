"""Experiments for a terminal: what was asked, expected and found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from trackrecord.cli.grid import print_line
from trackrecord.cli.numbers import count_of, one_line
from trackrecord.shapes import rows
from trackrecord.words.records import ExperimentRecord

_COLOURS = {"confirmed": "bold green", "refuted": "bold red"}


def print_experiment(
    console: Console, experiment: ExperimentRecord, *, indent: int = 0, with_project: bool = False
) -> None:
    """Print an experiment's name, verdict and number of runs, below them its texts."""
    line = Text.assemble(" " * indent, (one_line(experiment.name), "bold"))
    if experiment.verdict:
        line.append("  ").append(one_line(experiment.verdict), _COLOURS.get(experiment.verdict, "bold"))
    facts = [f"project {one_line(experiment.project)}"] if with_project else []
    line.append("  " + ", ".join([*facts, count_of(experiment.runs, "run")]), "dim")
    print_line(console, line)
    for name, text in (
        ("hypothesis", experiment.hypothesis),
        ("prediction", experiment.prediction),
        ("conclusion", experiment.conclusion),
    ):
        if text:
            said = Text.assemble((f"{name}  ", "dim"), one_line(text))
            console.print(Padding(said, (0, 0, 0, indent + 2), expand=False))


def print_experiments(console: Console, experiments: Sequence[ExperimentRecord], total: int) -> None:
    """Print a list of experiments, with their project where there are several."""
    with_project = len({each.project for each in experiments}) > 1
    for each in experiments:
        print_experiment(console, each, with_project=with_project)
        print_line(console)
    counted = count_of(total, "experiment")
    footer = f"{len(experiments):,} of {counted} (--all shows all)" if len(experiments) < total else counted
    print_line(console, footer, "dim")


def experiments_as_json(experiments: Sequence[ExperimentRecord], total: int, revision: int) -> dict[str, Any]:
    """Return a list of experiments as docs/cli.md has it."""
    return {
        "items": [rows.experiment(each) for each in experiments],
        "total": total,
        "revision": revision,
        "next_cursor": None,
    }
