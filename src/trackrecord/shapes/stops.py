"""The JSON of a request to stop."""

from __future__ import annotations

import msgspec

from trackrecord.lifecycle.stopping import StopAsked
from trackrecord.query.moments import moment_at
from trackrecord.shapes.encoding import moment


class StopAnswer(msgspec.Struct, frozen=True):
    """A request as it stands: the run's id and name, its state, since when it is asked to stop, and by whom."""

    run: str
    name: str
    state: str
    asked: str
    who: str


def stop_answer(asked: StopAsked) -> StopAnswer:
    """Return the JSON shape of a request."""
    return StopAnswer(asked.run, asked.name, asked.state.value, moment(moment_at(asked.time)), asked.who)
