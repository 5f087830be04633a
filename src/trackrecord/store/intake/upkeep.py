"""Upkeep of a store: work that changes nothing that anybody sees, done when there is time, a little at a time."""

from __future__ import annotations

import sqlite3
import time

from trackrecord.store.columns import columns
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.lease import Lease
from trackrecord.store.points import late_points, missing_levels

#: one piece of upkeep takes about so long: others that want to write wait for it
_BUDGET_S = 0.1


def tend(store: EmbeddedStore, budget_s: float = _BUDGET_S) -> bool:
    """Do what is due of the upkeep, for about ``budget_s`` seconds; tell whether more is due.

    Does nothing while the store can't be written to at once, or another process takes in the inbox. Raises
    StoreUnavailableError when the database is damaged or can't be written to.
    """
    if store.read_only:
        return False
    with store.connections.snapshot() as connection:
        if not is_due(connection):
            return False
    lease = Lease()
    with store.connections.writing(0.0) as connection:
        if not lease.take(connection):
            return False
        more = tidy(connection, budget_s)
        lease.give_back(connection)
    return more


def is_due(connection: sqlite3.Connection) -> bool:
    """Tell whether there is anything to do; asked after every pass, so it has to be quick."""
    needless = connection.execute(f"{_NEEDLESS_RESTS} LIMIT 1").fetchone() is not None
    return needless or any(kind.is_due(connection) for kind in _KINDS)


def tidy(connection: sqlite3.Connection, budget_s: float) -> bool:
    """Do upkeep for about ``budget_s`` seconds within a transaction; tell whether more is due."""
    connection.execute(f"DELETE FROM resting_segment WHERE (run, writer, n) IN ({_NEEDLESS_RESTS})")  # noqa: S608
    deadline = time.monotonic() + budget_s
    more = False
    for kind in _KINDS:
        if kind.is_due(connection):
            more |= kind.tidy(connection, max(0.0, deadline - time.monotonic()))
    return more


#: what each of these does is bounded by the time it is given, or by one axis or one block
_KINDS = (columns, late_points, missing_levels)
#: segments that were complete when they were removed by somebody else: nobody will ask for them
_NEEDLESS_RESTS = (
    "SELECT q.run, q.writer, q.n FROM resting_segment q JOIN run r ON r.id = q.run"
    " JOIN segment s ON s.run = r.number AND s.writer = q.writer AND s.n = q.n AND s.closed"
)
