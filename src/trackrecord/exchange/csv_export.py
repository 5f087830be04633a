"""Runs and points as CSV (RFC 4180, UTF-8, a header line), written line by line.

Values are written as they are. A spreadsheet may take a text that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula: a changed value would be no export, so import such a file with all columns set to text (docs/query.md).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from trackrecord.exchange.columns import Array
from trackrecord.query.moments import SECOND, moment_text
from trackrecord.words.records import RUN_FIELDS, MetricFigures, RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_PIECE = 50_000
#: steps and times of longer metrics are not kept as text for the next one
_MOST_KEPT = 500_000


def write_runs(runs: Sequence[RunRecord], out: TextIO) -> int:
    """Write one line per run: its fields, then ``params.*``, ``summary.*`` and the last of ``metrics.*``.

    Beside a metric stands its best, ``metrics.*.best``, where a contract states a goal: sorting a sheet by it names
    the same best run as ``ls``.

    Missing values are empty, NaN is ``nan``, infinities ``inf`` and ``-inf``, lists and several tags JSON.
    Returns the number of lines without the header. Open the file with ``newline=""``.
    """
    params = _keys(run.params for run in runs)
    summary = _keys(run.summary for run in runs)
    metrics = _keys(run.metrics for run in runs)
    with_best = {key for run in runs for key, figures in run.metrics.items() if figures.best is not None}
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            *RUN_FIELDS,
            *(f"params.{key}" for key in params),
            *(f"summary.{key}" for key in summary),
            *(
                column
                for key in metrics
                for column in (f"metrics.{key}", f"metrics.{key}.best")[: 1 + (key in with_best)]
            ),
        ]
    )
    for run in runs:
        writer.writerow(
            [
                *(cell(getattr(run, field)) for field in RUN_FIELDS),
                *(cell(run.params[key], quoted=True) if key in run.params else "" for key in params),
                *(cell(run.summary[key], quoted=True) if key in run.summary else "" for key in summary),
                *(text for key in metrics for text in _figures(run.metrics.get(key), best=key in with_best)),
            ]
        )
    return len(runs)


def write_points(
    store: Store,
    runs: Iterable[RunRecord],
    out: TextIO,
    metrics: Sequence[str] | None = None,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Write one line per point: run, metric, step, time, value; all metrics of each run unless some are named.

    ``on_progress`` is called with how many points are written, now and then. Returns the number of points. Holds one
    metric of one run in memory at a time.
    """
    csv.writer(out, lineterminator="\n").writerow(["run", "metric", "step", "time", "value"])
    written = 0
    for run in runs:
        places = _Places()
        for key in sorted(run.metrics) if metrics is None else metrics:
            points = store.series.points(run.id, key)
            line = io.StringIO(newline="")
            csv.writer(line, lineterminator="").writerow([run.id, key])
            begin = line.getvalue()
            for start, texts in places.of(points.steps, points.times):
                # `tolist` turns numpy's numbers into Python's, whose text reads back as the same number.
                values = points.values[start : start + len(texts)].tolist()
                out.write(
                    "".join([f"{begin}{at}{value!r}\n" for at, value in zip(texts, values, strict=True)])
                )
                written += len(texts)
                if on_progress is not None:
                    on_progress(written)
    return written


class _Places:
    """Steps and times as text, made once for the metrics that were logged together."""

    def __init__(self) -> None:
        self._steps = self._times = np.empty(0, np.int64)
        self._texts: list[list[str]] = []

    def of(self, steps: Array, times: Array) -> Iterator[tuple[int, list[str]]]:
        """Yield pieces of ``,step,time,`` texts, each with the place of its first one."""
        if not (np.array_equal(steps, self._steps) and np.array_equal(times, self._times)):
            self._steps, self._times, self._texts = steps, times, []
        for number, start in enumerate(range(0, len(steps), _PIECE)):
            if number < len(self._texts):
                yield start, self._texts[number]
                continue
            piece = slice(start, start + _PIECE)
            pairs = zip(steps[piece].tolist(), _time_texts(times[piece]), strict=True)
            texts = [f",{step!r},{time}," for step, time in pairs]
            if len(steps) <= _MOST_KEPT:
                self._texts.append(texts)
            yield start, texts


def _time_texts(times: Array) -> Iterator[str]:
    """Yield what `moment_text` says of each time; a second is formatted once."""
    seconds: dict[int, str] = {}
    whole, beyond = np.divmod(times, SECOND)
    for second, nanoseconds in zip(whole.tolist(), beyond.tolist(), strict=True):
        text = seconds.get(second)
        if text is None:
            text = seconds[second] = moment_text(second * SECOND)[: len("2026-01-01T00:00:00.")]
        yield f"{text}{nanoseconds:09d}Z" if nanoseconds % 1000 else f"{text}{nanoseconds // 1000:06d}Z"


def _keys(mappings: Iterable[Any]) -> list[str]:
    return sorted({key for mapping in mappings for key in mapping})


def _figures(figures: MetricFigures | None, *, best: bool) -> list[str]:
    """Return the cells of one metric: its last value, and its best where the table has a column for it."""
    cells = [None, None] if figures is None else [figures.last, figures.best]
    return [cell(each) for each in cells[: 1 + best]]


def cell(value: Any, *, quoted: bool = False) -> str:
    """Return a value as one cell. With ``quoted``, None is told from a missing value."""
    if value is None:
        return "none" if quoted else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    if isinstance(value, (list, tuple, dict)):
        if isinstance(value, tuple) and not value:
            return ""
        return json.dumps(value, ensure_ascii=False)
    return str(value)
