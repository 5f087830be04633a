"""The JSON of the command line: the shapes of docs/api.md, and what only the command line answers."""

from __future__ import annotations

import sys
from typing import Any

from trackrecord import shapes
from trackrecord.query.projects import ProjectPage
from trackrecord.query.runs import RunPage
from trackrecord.shapes import rows
from trackrecord.shapes.encoding import json_bytes


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
