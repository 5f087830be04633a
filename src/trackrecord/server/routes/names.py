"""The names of params, metrics and summary values: for pickers."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.name_tree import list_names
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute, Parameter


def _names(asked: ApiRequest) -> shapes.NamePage:
    namespace, project = asked.text("namespace") or "metrics", asked.text("project")
    pattern, prefix, tree = asked.text("pattern") or "", asked.text("prefix") or "", asked.flag("tree")
    request = ("names", namespace, project, pattern, prefix, str(tree))
    page = list_names(
        asked.store,
        namespace,
        project=project,
        pattern=pattern,
        prefix=prefix,
        tree=tree,
        limit=asked.limit(),
        cursor=opened(asked.text("cursor"), *request),
    )
    return shapes.NamePage(
        items=[shapes.NameNode(each.path, each.label, each.runs, each.below) for each in page.names],
        total=page.total,
        revision=page.revision,
        next_cursor=sealed(page.next_cursor, *request),
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/names",
        _names,
        "Names of params, metrics or summary values, whole or one level of their tree.",
        shapes.NamePage,
        (
            Parameter("namespace", "string", "params, metrics or summary; metrics by default."),
            Parameter("project", "string", "Only names of this project."),
            Parameter("pattern", "string", "A regular expression that is found in the name."),
            Parameter(
                "prefix", "string", "Only names that begin so; in a tree the path whose level is wanted."
            ),
            Parameter("tree", "boolean", "One level of the tree instead of whole names."),
            *PAGE_PARAMETERS,
        ),
    ),
)
