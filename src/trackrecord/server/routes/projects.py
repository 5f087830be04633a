"""Projects: the list, and one of them."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.projects import list_projects, project_detail
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute
from trackrecord.shapes import rows


def _projects(asked: ApiRequest) -> shapes.ProjectPage:
    cursor = opened(asked.text("cursor"), "projects")
    page = list_projects(asked.store, limit=asked.limit(), cursor=cursor)
    return shapes.ProjectPage(
        items=[rows.project(record) for record in page.projects],
        total=page.total,
        revision=page.revision,
        next_cursor=sealed(page.next_cursor, "projects"),
    )


def _project(asked: ApiRequest) -> shapes.ProjectDetail:
    return rows.project_detail(project_detail(asked.store, asked.path["project"]))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/projects",
        _projects,
        "Projects, newest activity first.",
        shapes.ProjectPage,
        PAGE_PARAMETERS,
    ),
    # ":path" because some proxies decode the slash in a name; nothing else follows it.
    ApiRoute("GET", "/api/v1/projects/{project:path}", _project, "One project, whole.", shapes.ProjectDetail),
)
