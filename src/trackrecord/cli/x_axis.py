"""What a chart is drawn over: what was asked for, else what the metric's contract says, else steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trackrecord.store.contract import RELATIVE, STEP, WALL
from trackrecord.words.records import RunRecord

_METRIC = "metric:"
_TITLES = {STEP: "step", RELATIVE: "seconds since the run was created", WALL: "seconds since 1970"}


@dataclass(frozen=True)
class XAxis:
    """An axis as the store knows it. ``instead_of`` names a contract's axis that none of the runs has."""

    name: str
    instead_of: str | None = None

    @property
    def metric(self) -> str | None:
        """The metric that it is, None for steps and times."""
        return self.name.removeprefix(_METRIC) if self.name.startswith(_METRIC) else None

    @property
    def title(self) -> str:
        """What stands below a chart."""
        return self.metric or _TITLES[self.name]


def asked_axis(text: str) -> XAxis:
    """Return the axis that somebody typed: step, relative, wall, or a metric with or without ``metric:``."""
    return XAxis(text if text in _TITLES or text.startswith(_METRIC) else _METRIC + text)


def default_axis(records: Sequence[RunRecord], metric: str) -> XAxis:
    """Return what a metric's contract says where any of the runs has it, else steps."""
    with_it = [record for record in records if metric in record.metrics]
    said = next(
        (
            figures.contract.x
            for record in with_it
            if (figures := record.metrics[metric]).contract is not None and figures.contract.x
        ),
        None,
    )
    if said is None:
        return XAxis(STEP)
    axis = asked_axis(said)
    if axis.metric is not None and not any(axis.metric in record.metrics for record in with_it):
        return XAxis(STEP, instead_of=axis.metric)
    return axis
