"""Every route answers in the shape that docs/api.md gives it."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.server.running import RunningServer
from tests.server.seed import ODD_NAME, ODD_PROJECT
from trackrecord.server.openapi import openapi_path
from trackrecord.server.routes import ROUTES

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
ROUTE_OF = {(route.method, openapi_path(route.path)): route for route in ROUTES}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")


def odd_run(server: RunningServer) -> dict[str, Any]:
    """Return the run of odd names and values."""
    run: dict[str, Any] = server.get(f"/runs/{quote(ODD_NAME, safe='')}")
    return run


CASES = [
    ("/store", "/store"),
    ("/projects", "/projects"),
    ("/projects/{project}", "/projects/digits"),
    ("/runs", "/runs?project=digits"),
    ("/runs/{run}", f"/runs/{quote(ODD_NAME, safe='')}"),
    ("/runs/{run}/console", f"/runs/{quote(ODD_NAME, safe='')}/console"),
    ("/runs/{run}/media/{key}", f"/runs/{quote(ODD_NAME, safe='')}/media/samples"),
    ("/series", "/series?run=mlp-1&metric=val/accuracy"),
    ("/compare", "/compare?runs=mlp-1,mlp-2"),
    ("/complete", "/complete?q=acc"),
    ("/groups", "/groups?by=params.seed,tags&results=val/accuracy&project=digits"),
    ("/names", "/names?tree=1&project=digits"),
]


@pytest.mark.parametrize(("route", "path"), CASES, ids=[route for route, _ in CASES])
def test_an_answer_has_the_shape_of_its_route(server: RunningServer, route: str, path: str) -> None:
    """An answer can be read as the shape that the route is declared with, and holds no other keys."""
    shape = ROUTE_OF["GET", "/api/v1" + route].shape
    assert shape is not None
    answer = server.get(path)
    read = msgspec.convert(answer, shape)
    assert msgspec.to_builtins(read) == answer


def test_the_store_says_where_and_how_it_is(server: RunningServer, store_path: Path) -> None:
    """The store's answer names its folder, counts what is there, and tells that the inbox is empty."""
    info = server.get("/store")
    assert (info["path"], info["projects"], info["runs"], info["problem"]) == (str(store_path), 3, 28, None)
    assert TIME.match(info["now"])
    assert TIME.match(info["taken_in"])
    now = datetime.fromisoformat(info["now"].replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - now).total_seconds()) < 60


def test_a_project_knows_its_best_run_and_its_columns(server: RunningServer) -> None:
    """A project shows the best of its primary metric with the run's name, and every key its runs have."""
    project = server.get("/projects/digits")
    primary = project["primary"]
    assert (primary["metric"], primary["goal"], primary["unit"]) == ("val/accuracy", "max", "%")
    assert primary["best"] == pytest.approx((19 + 24) / 50)
    assert primary["run_name"] == "mlp-24"
    assert {column["key"]: column["runs"] for column in project["columns"]["metrics"]} == {
        "val/accuracy": 25,
        "train/loss": 25,
    }
    seed = next(column for column in project["columns"]["params"] if column["key"] == "seed")
    assert seed == {"key": "seed", "runs": 25, "types": ["int"]}
    assert project["contracts"][0]["pattern"] == "val/accuracy"


def test_runs_are_filtered_sorted_and_cut_to_columns(server: RunningServer) -> None:
    """The table of runs obeys q, sort and columns, and counts all matches exactly."""
    page = server.get(
        "/runs",
        params={
            "project": "digits",
            "q": "params.seed >= 10",
            "sort": "-params.seed",
            "columns": "params.seed,metrics.val/accuracy",
            "limit": 3,
        },
    )
    assert page["total"] == 15
    assert [row["params"] for row in page["items"]] == [{"seed": 24}, {"seed": 23}, {"seed": 22}]
    assert page["items"][0]["metrics"] == {
        "val/accuracy": {
            "last": pytest.approx(0.86),
            "min": pytest.approx(0.48),
            "max": pytest.approx(0.86),
            "best": pytest.approx(0.86),
            "first": pytest.approx(0.48),
            "mean": pytest.approx(0.67),
        }
    }
    assert page["items"][0]["summary"] == {}
    bare = server.get("/runs", params={"columns": "none", "limit": 1})["items"][0]
    assert (bare["params"], bare["metrics"], bare["summary"]) == ({}, {}, {})


def test_paging_reaches_every_run_once(server: RunningServer) -> None:
    """Following next_cursor to its end gives every run once, in the order of one large page."""
    query = {"project": "digits", "sort": "params.seed", "limit": 7}
    found, cursor = [], None
    while True:
        page = server.get("/runs", params={**query, "cursor": cursor} if cursor else query)
        assert page["total"] == 25
        found += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    whole = server.get("/runs", params={**query, "limit": 1000})
    assert found == [row["id"] for row in whole["items"]]
    assert whole["next_cursor"] is None


def test_a_cursor_only_fits_its_own_query(server: RunningServer) -> None:
    """A cursor of another query, or a damaged one, is refused and not silently used."""
    cursor = server.get("/runs", params={"project": "digits", "limit": 5})["next_cursor"]
    for query in ({"limit": 5, "cursor": cursor}, {"project": "digits", "cursor": cursor[:-3] + "é!"}):
        assert server.get("/runs", 400, params=query)["error"]["code"] == "bad_request"
    assert server.get("/projects", 400, params={"cursor": "nonsense"})["error"]["code"] == "bad_request"


def test_numbers_that_json_lacks_are_texts(server: RunningServer) -> None:
    """NaN, infinities and whole numbers beyond 2^53 come as the documented texts, in params and in metrics."""
    run = odd_run(server)
    assert run["params"] == {
        "huge": str(2**60),
        "limit": "Infinity",
        "hole": "NaN",
        "layers": [64, 32],
        "none": None,
    }
    figures = next(each for each in run["metric_list"] if each["key"] == "odd/λ loss,x")
    assert (figures["nonfinite"], figures["points"], figures["min"], figures["max"]) == (3, 5, 1.0, 2.0)
    curve = server.get("/series", params={"run": run["id"], "metric": "odd/λ loss,x"})["series"][0]
    assert curve["y"] == [1.0, "NaN", "Infinity", "-Infinity", 2.0]
    assert (curve["exact"], curve["nonfinite"], curve["count"]) == (True, 3, [1] * 5)


def test_a_run_is_shown_whole(server: RunningServer) -> None:
    """A run's page has its console, media, artifacts, children, tags, command and environment."""
    run = odd_run(server)
    assert (run["name"], run["project"], run["experiment"]) == (ODD_NAME, ODD_PROJECT, "one layer")
    assert run["url"] == f"/p/{quote(ODD_PROJECT, safe='')}/r/{run['id']}"
    assert (run["tags"], run["hypothesis"], run["state"]) == (["ü/ber"], "Odd names survive", "finished")
    assert [child["name"] for child in run["children"]] == ["inner"]
    assert {entry["key"]: entry["entries"] for entry in run["media"]} == {"notes/of the day": 3, "samples": 3}
    assert run["artifacts"][0]["files"][0]["path"] == "evil.html"
    assert TIME.match(run["created"])
    assert run["command"]
    assert set(run["environment"]) >= {"python", "process"}
    assert [writer["role"] for writer in run["writers"]] == ["begin"]


def test_a_failed_run_keeps_its_reason(server: RunningServer) -> None:
    """A run that ended by an exception says so, with the traceback."""
    run = server.get("/runs/broken")
    assert run["state"] == "failed"
    assert "this is the reason" in run["traceback"]


def test_the_console_goes_on_from_where_it_was(server: RunningServer) -> None:
    """Lines come with their numbers; ``after`` goes on behind a line, ``tail`` begins near the end."""
    run = odd_run(server)["id"]
    first = server.get(f"/runs/{run}/console", params={"limit": 1})
    rest = server.get(f"/runs/{run}/console", params={"after": first["next"]})
    texts = [line["text"] for line in first["lines"] + rest["lines"]]
    assert "first line" in texts[0]
    assert "\x1b[31mred\x1b[0m line" in "".join(texts)
    tail = server.get(f"/runs/{run}/console", params={"tail": 1, "limit": 1})
    assert tail["lines"] == rest["lines"][-1:]
    assert server.get(f"/runs/{run}/console", params={"after": tail["next"]})["lines"] == []


def test_media_come_in_the_order_of_steps(server: RunningServer) -> None:
    """Entries of a key with a slash and blanks in its name come in pages, ordered by step."""
    run = odd_run(server)["id"]
    for key in (quote("notes/of the day", safe=""), "notes/of%20the%20day"):
        page = server.get(f"/runs/{run}/media/{key}", params={"limit": 2})
        rest = server.get(f"/runs/{run}/media/{key}", params={"limit": 2, "cursor": page["next_cursor"]})
        entries = page["items"] + rest["items"]
        assert [entry["step"] for entry in entries] == [0, 1, 2]
        assert [entry["data"]["text"] for entry in entries] == ["text 0", "text 1", "text 2"]
        assert (page["total"], rest["next_cursor"]) == (3, None)


def test_media_come_newest_first_where_asked_for(server: RunningServer) -> None:
    """`order=desc` pages from the last step to the first; its cursor fits no other order, and no third order exists."""
    path = f"/runs/{odd_run(server)['id']}/media/samples"
    page = server.get(path, params={"order": "desc", "limit": 2})
    rest = server.get(path, params={"order": "desc", "cursor": page["next_cursor"]})
    assert [entry["step"] for entry in page["items"] + rest["items"]] == [2, 1, 0]
    assert (
        server.get(path, status=400, params={"cursor": page["next_cursor"]})["error"]["code"] == "bad_request"
    )
    assert server.get(path, status=400, params={"order": "newest"})["error"]["code"] == "bad_request"


def test_names_may_hold_anything(server: RunningServer) -> None:
    """Projects and runs whose names hold slashes, quotes, letters of all kinds and markup are reached by name."""
    assert server.get(f"/projects/{quote(ODD_PROJECT, safe='')}")["name"] == ODD_PROJECT
    assert server.get(f"/projects/{quote(ODD_PROJECT)}")["name"] == ODD_PROJECT
    assert server.get("/runs", params={"project": ODD_PROJECT})["total"] == 2
    assert odd_run(server)["name"] == ODD_NAME
    chosen = server.get(
        "/runs",
        params={"project": ODD_PROJECT, "q": "name contains 'run/'", "columns": r"metrics.odd/λ loss\,x"},
    )
    assert list(chosen["items"][0]["metrics"]) == ["odd/λ loss,x"]


def test_runs_stand_side_by_side(server: RunningServer) -> None:
    """A comparison keeps the order of the runs and marks differences and the best."""
    found = server.get("/compare", params={"runs": "mlp-3,mlp-1"})
    assert [run["name"] for run in found["runs"]] == ["mlp-3", "mlp-1"]
    params = {line["key"]: line for line in found["params"]}
    assert (params["seed"]["values"], params["seed"]["differs"]) == ([3, 1], True)
    assert params["optimizer.name"]["differs"] is False
    accuracy = next(line for line in found["results"] if line["key"] == "val/accuracy")
    assert (accuracy["goal"], accuracy["best"], accuracy["unit"]) == ("max", [0], "%")


def test_runs_are_grouped_with_the_spread_of_results(server: RunningServer) -> None:
    """Groups have their values, how many runs, and figures of results, in the order asked for."""
    page = server.get(
        "/groups", params={"by": "project,state", "results": "val/accuracy", "sort": "-runs", "limit": 1}
    )
    assert (page["by"], page["total"] >= len(page["items"]), page["runs"]) == (["project", "state"], True, 28)
    first = page["items"][0]
    assert (first["values"], first["runs"]) == ({"project": "digits", "state": "finished"}, 25)
    figures = first["results"]["val/accuracy"]
    assert (figures["n"], figures["left_out"]) == (25, 0)
    assert figures["min"] <= figures["median"] <= figures["max"]


def test_names_come_whole_or_as_a_tree(server: RunningServer) -> None:
    """Names have how many runs have them; a level of the tree has leaves and branches; a pattern chooses."""
    tree = server.get("/names", params={"tree": 1, "project": "digits"})
    assert [(each["path"], each["runs"], each["below"]) for each in tree["items"]] == [
        ("train", None, 1),
        ("val", None, 1),
    ]
    whole = server.get("/names", params={"pattern": "^val", "project": "digits"})
    assert [(each["path"], each["runs"]) for each in whole["items"]] == [("val/accuracy", 25)]


def test_the_filter_box_is_helped(server: RunningServer) -> None:
    """Completions say which characters they replace."""
    found = server.get("/complete", params={"project": "digits", "q": "params.se > 1", "position": 9})
    assert (found["start"], found["end"]) == (0, 9)
    assert "params.seed" in [item["text"] for item in found["items"]]


def test_openapi_and_the_documentation_name_the_same_routes(server: RunningServer) -> None:
    """Every route in docs/api.md exists, and every route that exists is in docs/api.md, with its parameters."""
    documented: dict[tuple[str, str], set[str]] = {}
    headings = [line for line in DOCS.read_text().splitlines() if line.startswith("### ")]
    for method, path, query in re.findall(
        r"`(GET|POST|PATCH|DELETE) (/api/v1/[^`?]*)(?:\?([^`]*))?`", "\n".join(headings)
    ):
        documented[method, path] = {pair.partition("=")[0] for pair in query.split("&") if pair}
    document = server.get("/openapi.json")
    described = {
        (method.upper(), path): {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described == documented


def test_openapi_can_be_followed(server: RunningServer) -> None:
    """Every reference in the OpenAPI document leads to a schema that is in it."""
    document = server.get("/openapi.json")
    text = msgspec.json.encode(document).decode()
    references = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert references == set(document["components"]["schemas"])
