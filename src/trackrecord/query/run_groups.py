"""Which runs belong together: by group, experiment, a param, tags, or any field of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trackrecord.words.errors import UsageError
from trackrecord.words.records import RunRecord

FIELDS = ("group", "experiment", "project", "name", "state", "user", "host", "parent", "tags")
_PARAM, _TAG = "params.", "tags."


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs with the same values: ``values`` by what they are grouped by (None: a run has none), ``runs`` their ids."""

    values: Mapping[str, Any]
    runs: tuple[str, ...]

    @property
    def label(self) -> str:
        """The values as one text.

        >>> RunGroup({"params.lr": 0.1, "tags.baseline": True}, ()).label
        'lr=0.1, baseline=true'
        """
        if not self.values:
            return "all runs"
        return ", ".join(_said(by, value, alone=len(self.values) == 1) for by, value in self.values.items())


def group_runs(runs: Sequence[RunRecord], by: Sequence[str]) -> tuple[RunGroup, ...]:
    """Return the runs in groups, ordered by their values, those without a value last; without ``by`` one group of all.

    ``by`` are names: ``group``, ``experiment``, ``project``, ``name``, ``state``, ``user``, ``host``, ``parent``,
    ``params.KEY``, ``tags`` (runs with the same set of tags) and ``tags.TAG`` (with that tag, and without). Numbers
    that are equal are one value, as in filters: 1 and 1.0. Every run is in exactly one group. Raises UsageError for
    a name that is none.
    """
    readers = {name: reader_of(name) for name in by}
    members: dict[tuple[Any, ...], list[str]] = {}
    values: dict[tuple[Any, ...], dict[str, Any]] = {}
    for run in runs:
        found = {name: read(run) for name, read in readers.items()}
        key = tuple(map(_order_of, found.values()))
        values.setdefault(key, found)
        members.setdefault(key, []).append(run.id)
    return tuple(RunGroup(values[key], tuple(members[key])) for key in sorted(members))


def reader_of(by: str) -> Callable[[RunRecord], Any]:
    """Return what reads from a run its value for one name of `group_runs`. Raises UsageError as that does."""
    if by.startswith(_PARAM) and len(by) > len(_PARAM):
        key = by.removeprefix(_PARAM)
        return lambda run: run.params.get(key)
    if by.startswith(_TAG) and len(by) > len(_TAG):
        tag = by.removeprefix(_TAG)
        return lambda run: tag in run.tags
    if by == "tags":
        return lambda run: sorted(run.tags) or None
    if by == "state":
        return lambda run: str(run.state)
    if by in FIELDS:
        return lambda run: getattr(run, by)
    raise UsageError(
        f"{by!r:.200} is nothing to group runs by.",
        hint=f"Runs are grouped by {', '.join(FIELDS)}, tags.TAG or params.KEY.",
    )


def _order_of(value: Any) -> tuple[int, float, str]:
    """Return what sorts values and is equal for equal ones: false, true, numbers, NaN, texts and all else, none."""
    if isinstance(value, bool):
        return 0, float(value), ""
    if isinstance(value, (int, float)):
        if math.isnan(value):
            return 2, 0.0, ""
        try:
            return 1, float(value), "" if float(value) == value else str(value)
        except OverflowError:
            return 1, math.copysign(math.inf, value), str(value)
    if value is None:
        return 4, 0.0, ""
    return 3, 0.0, value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _said(by: str, value: Any, *, alone: bool) -> str:
    name = by.removeprefix(_PARAM).removeprefix(_TAG)
    if value is None:
        return f"without {name}"
    if isinstance(value, str):
        text = value
    elif by == "tags":
        text = " + ".join(value)
    elif isinstance(value, float) and not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if alone and by in FIELDS else f"{name}={text}"
