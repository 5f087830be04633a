"""Runs by groups."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.groups import group_runs
from trackrecord.server.errors import RequestError
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import group_rows


def _groups(asked: ApiRequest) -> shapes.GroupPage:
    by = asked.listed("by")
    if not by:
        raise RequestError(
            "bad_request", "No name is given to group by.", hint="by=params.lr,state, for example."
        )
    return group_rows.page(
        group_runs(
            asked.store,
            by,
            results=asked.listed("results") or [],
            project=asked.text("project"),
            where=asked.text("q") or "",
            order_by=asked.text("sort") or "",
            limit=asked.limit(),
            trash=asked.flag("trash"),
            include_archived=asked.flag("archived"),
        )
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/groups",
        _groups,
        "Runs that fit a filter, by groups, with the spread of their results.",
        shapes.GroupPage,
        (
            Parameter("by", "string", "Names with commas: params.lr,state."),
            Parameter("results", "string", "Names of numbers with commas: val/accuracy,metrics.loss.min."),
            Parameter("project", "string", "Only runs of this project."),
            Parameter("q", "string", "A filter in Trackrecord's language."),
            Parameter(
                "sort", "string", "runs, or a result, - in front: descending; by the values by default."
            ),
            Parameter("trash", "boolean", "Only runs in the trash."),
            Parameter("archived", "boolean", "Archived runs, too."),
            Parameter("limit", "integer", "At most so many groups, 1 to 1000; 100 by default."),
        ),
    ),
)
