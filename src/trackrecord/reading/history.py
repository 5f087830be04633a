"""Several metrics of one run side by side: a row per step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Frame
from trackrecord.store.contract import Points
from trackrecord.store.points.chunks import join_steps


def joined(series: Sequence[Points]) -> Frame:
    """Join metrics on their steps: columns ``step``, ``time``, and one of the name of each metric.

    A metric that has no point at a step is missing there (null, not NaN); of several points at one step the last
    counts, as for "last" everywhere: the greatest (time, value). ``time`` is that of the latest of them.
    """
    empty = np.empty(0, np.int64)
    steps = np.unique(join_steps([each.steps for each in series])) if series else empty
    times = np.full(len(steps), np.iinfo(np.int64).min)
    columns = []
    for each in series:
        own = each.steps.astype(steps.dtype, copy=False)
        # points are in the order of (step, time, value): the last one not beyond a step is the one looked for
        at = np.searchsorted(own, steps, side="right") - 1
        present = at >= 0
        present[present] = own[at[present]] == steps[present]
        at = np.where(present, at, 0)
        values = each.values[at] if len(own) else np.zeros(len(steps))
        if len(own):
            times = np.where(present, np.maximum(times, each.times[at]), times)
        field = Field(each.metric, Kind.FLOAT)
        columns.append(Column(field, values, None if present.all() else present))
    step = Field("step", Kind.INT if steps.dtype.kind == "i" else Kind.FLOAT)
    return Frame(Batch((Column(step, steps), Column(Field("time", Kind.TIME), times), *columns)))
