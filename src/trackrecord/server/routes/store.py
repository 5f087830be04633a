"""The store that is served."""

from __future__ import annotations

from datetime import datetime, timezone

from trackrecord import shapes
from trackrecord.query.projects import list_projects
from trackrecord.query.runs import select_runs
from trackrecord.sdk.version import VERSION
from trackrecord.server.route import ApiRequest, ApiRoute
from trackrecord.shapes.encoding import maybe_moment, moment


def _store(asked: ApiRequest) -> shapes.StoreInfo:
    runs = select_runs(asked.store, limit=0)
    intake = asked.live.intake()
    return shapes.StoreInfo(
        version=VERSION,
        path=str(asked.store.path),
        store_id=asked.store.store_id,
        revision=runs.revision,
        now=moment(datetime.now(timezone.utc)),
        taken_in=maybe_moment(intake.taken_in),
        projects=list_projects(asked.store, limit=0).total,
        runs=runs.total,
        problem=intake.problem,
    )


ROUTES = (ApiRoute("GET", "/api/v1/store", _store, "The store that is served.", shapes.StoreInfo),)
