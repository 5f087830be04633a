"""The JSON of the command line: the shapes of docs/api.md, and what only the command line answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from trackrecord.analysis.comparison import Comparison, Line
from trackrecord.query.charts import Chart
from trackrecord.query.console import ConsolePage
from trackrecord.query.projects import ProjectPage
from trackrecord.query.runs import RunPage
from trackrecord.server import rows, shapes
from trackrecord.server.encoding import json_bytes, numbers, plain
from trackrecord.words.records import RunDetail


def print_json(answer: Any) -> None:
    """Write an answer to standard output, indented, as UTF-8 whatever the terminal's encoding."""
    import msgspec

    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.format(json_bytes(answer), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def run_page(page: RunPage) -> shapes.RunPage:
    """Return a page of runs."""
    return shapes.RunPage([rows.run_row(record) for record in page.rows], page.total, page.revision, None)


def project_page(page: ProjectPage) -> shapes.ProjectPage:
    """Return a page of projects."""
    return shapes.ProjectPage(
        [rows.project(record) for record in page.projects], page.total, page.revision, None
    )


def run_detail(detail: RunDetail) -> shapes.RunDetail:
    """Return one run, whole."""
    return rows.run_detail(detail)


def console(page: ConsolePage) -> shapes.Console:
    """Return a stretch of what a run printed."""
    return shapes.Console([rows.console_line(line) for line in page.lines], page.next, page.total)


def comparison(found: Comparison) -> shapes.Comparison:
    """Return runs side by side."""
    return shapes.Comparison(
        runs=[rows.run_head(record) for record in found.runs],
        params=_lines(found.params),
        results=_lines(found.results),
        environment=_lines(found.environment),
    )


def _lines(lines: Sequence[Line]) -> list[shapes.ComparisonLine]:
    return [
        shapes.ComparisonLine(
            key=line.key,
            values=plain(line.values),
            differs=line.differs,
            goal=line.goal,
            best=list(line.best),
            unit=line.unit,
        )
        for line in lines
    ]


def curves(found: Chart) -> shapes.Curves:
    """Return the curves of a chart."""
    return shapes.Curves(
        found.revision,
        [
            shapes.Curve(
                run=series.request.run,
                metric=series.request.metric,
                exact=bool(series.exact),
                total=int(series.total),
                points=len(series.x),
                nonfinite=int(series.nonfinite),
                x=numbers(series.x),
                y=numbers(series.y),
                low=numbers(series.low),
                high=numbers(series.high),
                count=numbers(series.count),
            )
            for series in found.series
        ],
    )
