"""The state of runs at one moment: what they said themselves, and signs of life for the others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trackrecord.store.columns.columns import ColumnView
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


@dataclass(frozen=True)
class Lives:
    """States derived from signs of life at ``now`` (nanoseconds since 1970)."""

    live: dict[int, RunState]
    now: int
    _newest: int = field(init=False)

    def __post_init__(self) -> None:
        # A run that came in after these states were read is younger than all of them, and alive.
        object.__setattr__(self, "_newest", max(self.live, default=0))

    @classmethod
    def of(cls, source: Store | ColumnView) -> Lives:
        """Read the states as they are now: of a store, or as of a view of it."""
        catalog = source if isinstance(source, ColumnView) else source.catalog
        return cls(catalog.live_states(), time.time_ns())

    def state(self, number: int, ended_state: str | None) -> RunState:
        """Return the state of the run with this number."""
        if ended_state is not None:
            return RunState(ended_state)
        unknown = RunState.RUNNING if number > self._newest else RunState.CRASHED
        return self.live.get(number, unknown)

    def end(self, state: RunState, ended: int | None, grown_at: int) -> int:
        """Return up to when a run counts as having lasted."""
        if not state.has_ended():
            return self.now
        return grown_at if ended is None or state is RunState.CRASHED else ended
