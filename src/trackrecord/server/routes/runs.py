"""The table of runs."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.runs import select_runs
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import rows

DEFAULT_ORDER = "-created"


def _runs(asked: ApiRequest) -> shapes.RunPage:
    project, where = asked.text("project"), asked.text("q") or ""
    order = asked.text("sort") or DEFAULT_ORDER
    columns = asked.listed("columns")
    trash, archived = asked.flag("trash"), asked.flag("archived")
    request = ("runs", project, where, order, str(trash), str(archived))
    page = select_runs(
        asked.store,
        project=project,
        where=where,
        order_by=order,
        limit=asked.limit(),
        cursor=opened(asked.text("cursor"), *request),
        columns=[] if columns == ["none"] else columns,
        trash=trash,
        include_archived=archived,
    )
    return shapes.RunPage(
        items=[rows.run_row(record) for record in page.rows],
        total=page.total,
        revision=page.revision,
        next_cursor=sealed(page.next_cursor, *request),
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/runs",
        _runs,
        "Runs that fit a filter, in order.",
        shapes.RunPage,
        (
            Parameter("project", "string", "Only runs of this project."),
            Parameter("q", "string", "A filter in Trackrecord's language."),
            Parameter(
                "sort", "string", f"Names with commas, - in front: descending; {DEFAULT_ORDER} by default."
            ),
            Parameter(
                "columns", "string", "params.KEY, metrics.KEY, summary.KEY with commas; none; all by default."
            ),
            Parameter("trash", "boolean", "Only runs in the trash."),
            Parameter("archived", "boolean", "Archived runs, too."),
            *PAGE_PARAMETERS,
        ),
    ),
)
