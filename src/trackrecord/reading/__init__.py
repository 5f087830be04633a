"""Reading a store from Python: ``tr.runs(...)`` is a table of runs, ``tr.open_run(id)`` one run with its points,
``tr.sql(...)`` the answer to any question.

::

    import trackrecord as tr

    table = tr.runs("val/accuracy > 0.9", order_by="-val/accuracy")
    frame = table.to_pandas()
    points = tr.open_run(table[0]).metric("val/accuracy").points()
"""

from __future__ import annotations

from trackrecord.exchange.tabular import Frame, Tabular
from trackrecord.query.smoothing import Smoothing
from trackrecord.reading.curves import Curves, curves
from trackrecord.reading.grouped_runs import group_runs
from trackrecord.reading.metric_points import MetricPoints
from trackrecord.reading.run_table import RunTable, runs
from trackrecord.reading.sampled_curve import SampledCurve
from trackrecord.reading.smoothed_curve import SmoothedCurve
from trackrecord.reading.sql import sql
from trackrecord.reading.stored_artifact import StoredArtifact
from trackrecord.reading.stored_media import StoredMedia
from trackrecord.reading.stored_metric import StoredMetric
from trackrecord.reading.stored_run import StoredRun, open_run
from trackrecord.reading.stored_tables import RunPoints, StoredTable

__all__ = [
    "Curves",
    "Frame",
    "MetricPoints",
    "RunPoints",
    "RunTable",
    "SampledCurve",
    "SmoothedCurve",
    "Smoothing",
    "StoredArtifact",
    "StoredMedia",
    "StoredMetric",
    "StoredRun",
    "StoredTable",
    "Tabular",
    "curves",
    "group_runs",
    "open_run",
    "runs",
    "sql",
]
