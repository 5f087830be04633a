"""From groups of runs to the shapes of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trackrecord import shapes
from trackrecord.query.groups import GroupFigures, GroupPage
from trackrecord.shapes.encoding import moment, number, plain


def page(found: GroupPage) -> shapes.GroupPage:
    """Return the groups as the API sends them."""
    return shapes.GroupPage(
        items=[
            shapes.RunGroup(
                {name: _value(value) for name, value in group.values.items()},
                group.runs,
                {name: _figures(figures) for name, figures in group.results.items()},
            )
            for group in found.groups
        ],
        by=list(found.by),
        total=found.total,
        runs=found.runs,
        revision=found.revision,
    )


def _value(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else plain(value)


def _figures(found: GroupFigures) -> shapes.GroupFigures:
    return shapes.GroupFigures(
        n=found.n,
        left_out=found.left_out,
        mean=number(found.mean),
        min=number(found.min),
        max=number(found.max),
        median=number(found.median),
        std=number(found.std),
    )
