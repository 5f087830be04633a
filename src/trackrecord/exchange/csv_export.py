"""Runs and points as CSV (RFC 4180, UTF-8, a header line), written line by line.

Values are written as they are. A spreadsheet may take a text that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula: a changed value would be no export, so import such a file with all columns set to text (docs/query.md).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from trackrecord.query.moments import moment_text
from trackrecord.words.records import RUN_FIELDS, MetricFigures, RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_PIECE = 50_000


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
                *(_text(getattr(run, field)) for field in RUN_FIELDS),
                *(_text(run.params[key], quoted=True) if key in run.params else "" for key in params),
                *(_text(run.summary[key], quoted=True) if key in run.summary else "" for key in summary),
                *(cell for key in metrics for cell in _figures(run.metrics.get(key), best=key in with_best)),
            ]
        )
    return len(runs)


def write_points(
    store: Store, runs: Iterable[RunRecord], out: TextIO, metrics: Sequence[str] | None = None
) -> int:
    """Write one line per point: run, metric, step, time, value; all metrics of each run unless some are named.

    Returns the number of points. Holds one metric of one run in memory at a time.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "metric", "step", "time", "value"])
    written = 0
    for run in runs:
        for key in sorted(run.metrics) if metrics is None else metrics:
            points = store.series.points(run.id, key)
            for start in range(0, len(points.values), _PIECE):
                piece = slice(start, start + _PIECE)
                # `tolist` turns numpy's numbers into Python's, whose text reads back as the same number.
                columns = (points.steps[piece], points.times[piece], points.values[piece])
                for step, time, value in zip(*(column.tolist() for column in columns), strict=True):
                    writer.writerow([run.id, key, _text(step), moment_text(time), _text(value)])
            written += len(points.values)
    return written


def _keys(mappings: Iterable[Any]) -> list[str]:
    return sorted({key for mapping in mappings for key in mapping})


def _figures(figures: MetricFigures | None, *, best: bool) -> list[str]:
    """Return the cells of one metric: its last value, and its best where the table has a column for it."""
    cells = [None, None] if figures is None else [figures.last, figures.best]
    return [_text(cell) for cell in cells[: 1 + best]]


def _text(value: Any, *, quoted: bool = False) -> str:
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
