"""Asking a run that goes on to stop by itself: ``run.should_stop`` turns True where it trains."""

from __future__ import annotations

from dataclasses import dataclass

from trackrecord.journal.stop_requests import ask_to_stop
from trackrecord.lifecycle.who import who_asks
from trackrecord.query.find_run import find_run
from trackrecord.query.run_detail import run_detail
from trackrecord.store.contract import Store
from trackrecord.words.errors import UsageError
from trackrecord.words.states import RunState


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A request to stop as it stands: for which run (id, name), its state when asked, when (ns since 1970), by whom."""

    run: str
    name: str
    state: RunState
    time: int
    who: str


def ask_run_to_stop(
    store: Store, run: str, *, project: str | None = None, who: str | None = None
) -> StopAsked:
    """Ask a run, by id or name, to stop. It does so when its code next looks at ``run.should_stop``.

    Raises UsageError for a run that has ended, NotFoundError, and StoreUnavailableError where the request can't be
    written. Asking again changes nothing: the first request stands.
    """
    record = run_detail(store, find_run(store, run, project)).record
    if record.state.has_ended():
        raise UsageError(
            f"The run {record.name!r} has ended ({record.state}); there is nothing to stop.",
            hint="`trackrecord ls 'state == \"running\"'` lists the runs that go on",
        )
    request = ask_to_stop(store.path, record.id, who_asks() if who is None else who)
    return StopAsked(record.id, record.name, record.state, request.time, request.who)
