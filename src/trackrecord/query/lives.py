"""The state of runs at one moment: what they said themselves, and signs of life for the others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trackrecord.query.sql import whole_numbers
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


@dataclass(frozen=True)
class Lives:
    """States derived from signs of life at ``now`` (nanoseconds since 1970), for Python and SQL alike."""

    live: dict[int, RunState]
    now: int
    _newest: int = field(init=False)

    def __post_init__(self) -> None:
        # A run that came in after these states were read is younger than all of them, and alive.
        object.__setattr__(self, "_newest", max(self.live, default=0))

    @classmethod
    def of(cls, store: Store) -> Lives:
        """Read the states of a store as they are now."""
        return cls(store.catalog.live_states(), time.time_ns())

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

    @property
    def state_sql(self) -> str:
        """The same as `state`, as an SQL expression over ``run``."""
        cases = "".join(
            f" WHEN run.number IN ({whole_numbers(numbers)}) THEN '{state.value}'"
            for state in RunState
            if state is not RunState.CRASHED
            and (numbers := [number for number, found in self.live.items() if found is state])
        )
        return (
            f"(CASE WHEN run.ended_state IS NOT NULL THEN run.ended_state{cases}"
            f" WHEN run.number > {self._newest} THEN 'running' ELSE 'crashed' END)"
        )

    @property
    def duration_sql(self) -> str:
        """Seconds from creation to `end`, as an SQL expression over ``run``."""
        ended = "COALESCE(run.ended, run.grown_at)"
        alive = f"{self.state_sql} IN ('running', 'silent')"
        end = (
            f"(CASE WHEN run.ended_state IS NOT NULL THEN {ended}"
            f" WHEN {alive} THEN {self.now} ELSE run.grown_at END)"
        )
        return f"(CASE WHEN {end} > run.created THEN ({end} - run.created) / 1000000000.0 ELSE 0.0 END)"
