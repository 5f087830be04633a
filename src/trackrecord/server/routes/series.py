"""Curves: a whole screen in one answer."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

from starlette.responses import Response

from trackrecord import shapes
from trackrecord.analysis.group_curves import WantedStatistics, group_curves
from trackrecord.query.charts import MOST_SERIES, chart
from trackrecord.query.curve_choice import (
    DEFAULT_ORDER,
    MOST_RUNS,
    ChosenCurves,
    choose_curves,
    group_runs_by_id,
)
from trackrecord.query.find_run import find_run
from trackrecord.query.run_groups import RunGroup
from trackrecord.query.smoothing import EMA, Smoothing
from trackrecord.server.errors import RequestError
from trackrecord.server.frames import MEDIA_TYPE, encode_frame
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import rows
from trackrecord.store.contract import RELATIVE, STEP, WALL, SeriesRequest

DEFAULT_PIXELS = 1000
MOST_PIXELS = 20_000
JSON = "application/json"


def _asked_in_body(asked: ApiRequest) -> Response | shapes.Curves:
    question = asked.decoded(shapes.SeriesQuestion)
    return _answer(asked, question, MEDIA_TYPE)


def _asked_in_address(asked: ApiRequest) -> Response | shapes.Curves:
    runs, metrics, pattern = asked.texts("run"), asked.texts("metric"), asked.text("pattern")
    series = choice = None
    if runs:
        if not metrics:
            raise RequestError("bad_request", "A metric has to be given, as often as needed.")
        _check_count(len(runs) * len(metrics))  # before any run is looked for
        ids = [find_run(asked.store, run) for run in runs]
        series = [shapes.SeriesName(run, metric) for run, metric in product(ids, metrics)]
        metrics = []
    elif metrics or pattern:
        choice = shapes.RunChoice(
            where=asked.text("q") or "",
            project=asked.text("project"),
            order_by=asked.text("sort") or DEFAULT_ORDER,
            limit=asked.whole("limit", MOST_RUNS, 1, MOST_RUNS),
        )
    else:
        raise RequestError(
            "bad_request", "Give run and metric, or q, project or nothing and metric or pattern."
        )
    question = shapes.SeriesQuestion(
        series=series,
        runs=choice,
        metrics=metrics,
        pattern=pattern,
        x=asked.text("x") or STEP,
        low=asked.number("low"),
        high=asked.number("high"),
        pixels=asked.whole("pixels", DEFAULT_PIXELS, 1, MOST_PIXELS),
        log_x=asked.flag("log_x"),
        smoothing=_smoothing_in_address(asked),
        group=_group_in_address(asked),
    )
    return _answer(asked, question, JSON)


def _smoothing_in_address(asked: ApiRequest) -> shapes.SmoothingQuestion | None:
    kind, length, strength = asked.text("smoothing"), asked.number("length"), asked.number("strength")
    if kind is None and length is None and strength is None:
        return None
    return shapes.SmoothingQuestion(kind or EMA, length, strength, asked.flag("after_grouping"))


def _group_in_address(asked: ApiRequest) -> shapes.GroupQuestion | None:
    by, statistics, quantiles = asked.texts("group_by"), asked.texts("statistic"), asked.texts("quantile")
    if not by and not statistics and not quantiles:
        return None
    plain = shapes.GroupQuestion()
    try:
        wanted = [float(text) for text in quantiles]
    except ValueError:
        raise RequestError("bad_request", f"quantile={quantiles!r:.60} is not a number.") from None
    confidence = asked.number("confidence")
    return shapes.GroupQuestion(
        [each for each in by if each],
        statistics or ([] if quantiles else plain.statistics),
        wanted,
        plain.confidence if confidence is None else confidence,
        asked.flag("members"),
    )


def _answer(asked: ApiRequest, question: shapes.SeriesQuestion, default: str) -> Response | shapes.Curves:
    _check_view(question)
    smoothing = _smoothing(question.smoothing)
    statistics = _statistics(question.group)
    names, chosen = _chosen(asked, question)
    view = (question.x, question.low, question.high, question.pixels, question.log_x)
    found = chart(asked.store, [SeriesRequest(each.run, each.metric, *view) for each in names], smoothing)
    groups, members = None, True
    if question.group is not None:
        groups = group_curves(found, _groups(asked, question.group, names, chosen), statistics)
        members = question.group.members
    wanted = preferred(asked.headers.get("accept", ""), (default, JSON, MEDIA_TYPE))
    if wanted != MEDIA_TYPE:
        return rows.curves(found, groups, chosen, members=members)
    more: dict[str, Any] = {}
    if chosen is not None:
        more = {"shown": len(chosen.runs), "matched": chosen.matched, "said": chosen.said}
    frame = encode_frame(
        found.revision,
        found.series if members else (),
        found.smooth if members else (),
        groups,
        **more,
    )
    return Response(frame, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)


def _chosen(
    asked: ApiRequest, question: shapes.SeriesQuestion
) -> tuple[list[shapes.SeriesName], ChosenCurves | None]:
    if (question.series is None) == (question.runs is None):
        raise RequestError(
            "bad_request",
            "Give either series, a list of runs and metrics, or runs, a choice of them.",
            hint='{"series": [{"run": ID, "metric": NAME}]} or {"runs": {"where": FILTER}, "metrics": [NAME]}.',
        )
    if question.series is not None:
        if question.metrics or question.pattern is not None:
            raise RequestError("bad_request", "metrics and pattern go with runs, not with series.")
        _check_count(len(question.series))
        return question.series, None
    choice = question.runs
    assert choice is not None
    chosen = choose_curves(
        asked.store,
        metrics=question.metrics,
        pattern=question.pattern,
        where=choice.where,
        project=choice.project,
        order_by=choice.order_by,
        limit=choice.limit,
        group_by=question.group.by if question.group is not None else (),
    )
    pairs = product(chosen.metrics, chosen.runs)
    return [shapes.SeriesName(run.id, metric) for metric, run in pairs], chosen


def _groups(
    asked: ApiRequest,
    group: shapes.GroupQuestion,
    names: list[shapes.SeriesName],
    chosen: ChosenCurves | None,
) -> tuple[RunGroup, ...]:
    if chosen is not None:
        return chosen.groups(group.by)
    return group_runs_by_id(asked.store, list(dict.fromkeys(name.run for name in names)), group.by)


def _smoothing(asked: shapes.SmoothingQuestion | None) -> Smoothing | None:
    return (
        None if asked is None else Smoothing(asked.kind, asked.length, asked.strength, asked.after_grouping)
    )


def _statistics(asked: shapes.GroupQuestion | None) -> WantedStatistics | None:
    if asked is None:
        return None
    return WantedStatistics(tuple(asked.statistics), tuple(asked.quantiles), asked.confidence)


def _check_view(question: shapes.SeriesQuestion) -> None:
    x, low, high, pixels = question.x, question.low, question.high, question.pixels
    if x not in (STEP, RELATIVE, WALL) and (not x.startswith("metric:") or x == "metric:"):
        hint = "It may be step, relative, wall, or metric: and a metric."
        raise RequestError("bad_request", f"x={x!r:.60} is no axis.", hint=hint)
    if not 1 <= pixels <= MOST_PIXELS:
        raise RequestError("bad_request", f"pixels={pixels} is not between 1 and {MOST_PIXELS}.")
    if low is not None and high is not None and low > high:
        raise RequestError("bad_request", f"The range from {low} to {high} is empty.")


def _check_count(count: int) -> None:
    if count > MOST_SERIES:
        message = f"{count:,} series are asked for; a request may ask for {MOST_SERIES:,}."
        raise RequestError("too_large", message, hint="Ask for them in several requests.")


def preferred(accept: str, offered: tuple[str, ...]) -> str:
    """Return which of the offered media types a client likes best; the first one when it does not say.

    >>> preferred("application/json;q=0.5, */*;q=0.1", ("application/x", "application/json"))
    'application/json'
    """
    best, best_weight = offered[0], 0.0
    for part in accept.split(","):
        kind, _, options = part.strip().partition(";")
        weight = 1.0
        for option in options.split(";"):
            name, _, value = option.partition("=")
            if name.strip() == "q":
                weight = _weight(value)
        match = offered[0] if kind == "*/*" else kind.strip().lower()
        if match in offered and weight > best_weight:
            best, best_weight = match, weight
    return best


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if math.isfinite(weight) else 0.0


_MEDIA_TYPES = (JSON, MEDIA_TYPE)

ROUTES = (
    ApiRoute(
        "POST",
        "/api/v1/series",
        _asked_in_body,
        "Curves of a whole screen.",
        shapes.Curves,
        body=shapes.SeriesQuestion,
        media_types=_MEDIA_TYPES,
    ),
    ApiRoute(
        "GET",
        "/api/v1/series",
        _asked_in_address,
        "Curves: every run with every metric, by name or by filter.",
        shapes.Curves,
        (
            Parameter("run", "string", "A run.", repeated=True),
            Parameter("metric", "string", "A metric.", repeated=True),
            Parameter("pattern", "string", "A regular expression: all metrics whose name it is found in."),
            Parameter("q", "string", "Without run: a filter in Trackrecord's language."),
            Parameter("project", "string", "Without run: only runs of this project."),
            Parameter("sort", "string", f"Without run: the order; {DEFAULT_ORDER} by default."),
            Parameter("limit", "integer", f"Without run: at most so many, 1 to {MOST_RUNS}."),
            Parameter("x", "string", "step, relative, wall or metric:KEY."),
            Parameter("low", "number", "Least x."),
            Parameter("high", "number", "Greatest x."),
            Parameter("pixels", "integer", f"How many buckets can be told apart, 1 to {MOST_PIXELS}."),
            Parameter("log_x", "boolean", "1: buckets equally wide in the logarithm of x."),
            Parameter("smoothing", "string", "ema, gaussian or mean."),
            Parameter("length", "number", "Its length in units of x."),
            Parameter("strength", "number", "Or its strength, 0 to 0.999, relative to the visible range."),
            Parameter("after_grouping", "boolean", "1: smooth the curves of groups, not of runs."),
            Parameter("group_by", "string", "group, params.KEY, tags, ...: curves of groups.", repeated=True),
            Parameter("statistic", "string", "mean, median, minmax, std, stderr, t.", repeated=True),
            Parameter("quantile", "number", "0 to 1.", repeated=True),
            Parameter("confidence", "number", "Of t; 0.95 by default."),
            Parameter("members", "boolean", "1: the curves of the runs as well."),
        ),
        media_types=_MEDIA_TYPES,
    ),
)
