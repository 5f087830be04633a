"""Reading a store from Python: ``tr.runs(...)`` is a table of runs, ``tr.open_run(id)`` one run with its points.

::

    import trackrecord as tr

    table = tr.runs("val/accuracy > 0.9", order_by="-val/accuracy")
    frame = table.to_pandas()
    points = tr.open_run(table[0]).metric("val/accuracy").points()
"""

from __future__ import annotations

from trackrecord.reading.metric_points import MetricPoints
from trackrecord.reading.run_table import RunTable, runs
from trackrecord.reading.stored_artifact import StoredArtifact
from trackrecord.reading.stored_media import StoredMedia
from trackrecord.reading.stored_metric import StoredMetric
from trackrecord.reading.stored_run import StoredRun, open_run

__all__ = [
    "MetricPoints",
    "RunTable",
    "StoredArtifact",
    "StoredMedia",
    "StoredMetric",
    "StoredRun",
    "open_run",
    "runs",
]
