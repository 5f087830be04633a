"""Curves: as JSON and as binary frames, at any resolution."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.frame_reader import read_frame
from tests.server.running import RunningServer
from tests.server.seed import ODD_NAME
from trackrecord.server.frames import MEDIA_TYPE, encode_frame
from trackrecord.store.contract import SampledSeries, SeriesRequest

JSON = {"accept": "application/json"}


@pytest.fixture
def question(server: RunningServer) -> dict[str, Any]:
    """Return what asks for an exact, a thinned, a non-finite and an absent curve."""
    odd = next(
        row for row in server.get("/runs", params={"limit": 1000})["items"] if row["name"] == ODD_NAME
    )["id"]
    metrics = ["odd/λ loss,x", "long", "no such metric"]
    return {"series": [{"run": odd, "metric": metric} for metric in metrics], "x": "step", "pixels": 800}


def numbers(values: list[Any]) -> list[float]:
    """Return numbers of the API as floats."""
    return [float(value) for value in values]


def test_a_frame_says_what_the_json_says(server: RunningServer, question: dict[str, Any]) -> None:
    """The same question has the same answer in both encodings, NaN and infinities included."""
    answer = server.client.post("/api/v1/series", json=question)
    assert answer.headers["content-type"] == MEDIA_TYPE
    frame = read_frame(answer.content)
    as_json = server.client.post("/api/v1/series", json=question, headers=JSON).json()
    assert frame["revision"] == as_json["revision"]
    for binary, text in zip(frame["series"], as_json["series"], strict=True):
        for name in ("run", "metric", "exact", "total", "points", "nonfinite"):
            assert binary[name] == text[name]
        for name in ("x", "y"):
            np.testing.assert_array_equal(binary[name], numbers(text[name]))
        for name, default in (
            ("low", binary["y"]),
            ("high", binary["y"]),
            ("count", np.ones(binary["points"])),
        ):
            np.testing.assert_array_equal(binary.get(name, default), numbers(text[name]))


def test_a_curve_has_about_as_many_buckets_as_pixels(server: RunningServer, question: dict[str, Any]) -> None:
    """A long series is thinned, keeps its extremes, counts every point; an absent one has no points."""
    _, long, absent = server.client.post("/api/v1/series", json=question, headers=JSON).json()["series"]
    assert (long["exact"], long["total"], sum(long["count"])) == (False, 100_000, 100_000)
    assert 100 <= long["points"] <= 1700
    assert min(long["low"]) == pytest.approx(-1)
    assert max(long["high"]) == pytest.approx(1)
    assert (absent["total"], absent["points"], absent["x"]) == (0, 0, [])


def test_a_range_and_an_axis_are_obeyed(server: RunningServer) -> None:
    """low and high bound x; another metric can be x; wall time is seconds since 1970."""
    query: dict[str, Any] = {"run": "mlp-2", "metric": "val/accuracy"}
    part = server.get("/series", params={**query, "low": 5, "high": 7.5})["series"][0]
    assert part["x"] == [5, 6, 7]
    wall = server.get("/series", params={**query, "x": "wall"})["series"][0]
    assert all(1e9 < x < 1e11 for x in wall["x"])
    other = server.get("/series", params={**query, "x": "metric:train/loss"})["series"][0]
    assert sorted(other["x"]) == sorted(1 / (epoch + 1) for epoch in range(20))


def test_get_asks_for_every_run_with_every_metric(server: RunningServer) -> None:
    """Repeated run and metric give their product, and GET can ask for a frame as well."""
    query = {"run": ["mlp-1", "mlp-2"], "metric": ["val/accuracy", "train/loss"]}
    found = server.get("/series", params=query)["series"]
    assert [each["metric"] for each in found] == ["val/accuracy", "train/loss"] * 2
    assert len({each["run"] for each in found}) == 2
    answer = server.client.get("/api/v1/series", params=query, headers={"accept": MEDIA_TYPE})
    assert [each["points"] for each in read_frame(answer.content)["series"]] == [20] * 4


BAD_BODIES = [
    (b"{not json", 400, "bad_request"),
    (b'{"series": [{"run": "\xff\xfe", "metric": "a"}]}', 400, "bad_request"),
    (b"", 400, "bad_request"),
    (b"[]", 400, "bad_request"),
    (b"[" * 200_000, 400, "bad_request"),
    (b'{"series": "all"}', 400, "bad_request"),
    (b'{"series": [{"run": 3, "metric": "a"}]}', 400, "bad_request"),
    (b'{"series": [], "pixel": 5}', 400, "bad_request"),
    (b'{"series": [], "pixels": 0}', 400, "bad_request"),
    (b'{"series": [], "pixels": 1000000}', 400, "bad_request"),
    (b'{"series": [], "x": "time"}', 400, "bad_request"),
    (b'{"series": [], "low": 2, "high": 1}', 400, "bad_request"),
    (b'{"series": [], "low": "NaN"}', 400, "bad_request"),
    (json.dumps({"series": [{"run": "a", "metric": "b"}] * 2001}).encode(), 413, "too_large"),
    (b" " * (4 * 1024 * 1024 + 1), 413, "too_large"),
]


@pytest.mark.parametrize(
    ("body", "status", "code"), BAD_BODIES, ids=[repr(body[:30]) for body, _, _ in BAD_BODIES]
)
def test_a_bad_question_is_answered_clearly(
    server: RunningServer, body: bytes, status: int, code: str
) -> None:
    """Bodies that are no JSON, no UTF-8, of wrong types, too large or out of range get the one error shape."""
    answer = server.client.post("/api/v1/series", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]


floats = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.text(max_size=5), st.booleans(), st.lists(floats, max_size=9)),
        max_size=5,
    )
)
def test_any_curves_survive_the_frame(given_curves: list[tuple[str, str, bool, list[float]]]) -> None:
    """Whatever the names, lengths and values, a frame gives back bit for bit what went in."""
    curves = [
        SampledSeries(
            SeriesRequest(run, metric),
            exact,
            total=len(values),
            nonfinite=sum(not math.isfinite(value) for value in values),
            x=np.arange(len(values), dtype=np.int64),
            y=np.array(values, dtype=np.float64),
            low=np.array(values, dtype=np.float64),
            high=np.array(values, dtype=np.float64),
            count=np.full(len(values), 3, dtype=np.int64),
        )
        for run, metric, exact, values in given_curves
    ]
    frame = read_frame(encode_frame(7, curves))
    assert frame["revision"] == 7
    for (run, metric, exact, values), read in zip(given_curves, frame["series"], strict=True):
        assert (read["run"], read["metric"], read["exact"], read["points"]) == (
            run,
            metric,
            exact,
            len(values),
        )
        np.testing.assert_array_equal(read["x"], np.arange(len(values)))
        np.testing.assert_array_equal(read["y"], values)
        if not exact:
            np.testing.assert_array_equal(read["high"], values)
            np.testing.assert_array_equal(read["count"], [3] * len(values))
