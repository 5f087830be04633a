"""The machine-readable twin of docs/api.md, derived from the table of routes and the shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from trackrecord.sdk.version import VERSION
from trackrecord.server.errors import ErrorAnswer
from trackrecord.server.route import ApiRoute

_PLACEHOLDER = re.compile(r"\{(\w+)(?::path)?\}")


def openapi_path(path: str) -> str:
    """Return a route's path as OpenAPI and docs/api.md write it.

    >>> openapi_path("/api/v1/projects/{project:path}")
    '/api/v1/projects/{project}'
    """
    return _PLACEHOLDER.sub(r"{\1}", path)


def document(routes: Sequence[ApiRoute]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of ``routes``."""
    shapes: list[type[Any]] = [ErrorAnswer]
    shapes += [shape for route in routes for shape in (route.shape, route.body) if shape is not None]
    unique = list(dict.fromkeys(shapes))
    references, components = msgspec.json.schema_components(
        unique, ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(unique, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(openapi_path(route.path), {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trackrecord", "version": VERSION},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: ApiRoute, schema_of: dict[type[Any], dict[str, Any]]) -> dict[str, Any]:
    schema = {} if route.shape is None else {"schema": schema_of[route.shape]}
    content = {kind: schema if kind == "application/json" else {} for kind in route.media_types}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PLACEHOLDER.findall(route.path)
        ]
        + [
            {
                "name": parameter.name,
                "in": "query",
                "description": parameter.meaning,
                "schema": {"type": "array", "items": {"type": parameter.kind}}
                if parameter.repeated
                else {"type": parameter.kind},
            }
            for parameter in route.parameters
        ],
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "default": {
                "description": "What went wrong.",
                "content": {"application/json": {"schema": schema_of[ErrorAnswer]}},
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[route.body]}},
        }
    return operation
