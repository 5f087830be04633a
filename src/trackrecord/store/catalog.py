"""The catalog of an embedded store: its rows, its revision, and which runs live."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from trackrecord.journal.place import INBOX
from trackrecord.store.columns.columns import Columns
from trackrecord.store.database.connections import Connections
from trackrecord.store.liveness import run_states
from trackrecord.words.states import RunState


class EmbeddedCatalog:
    """Rows of ``store.db``, as ``contract.Catalog`` asks for. Safe to use from any thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        #: columns over all runs, read at one moment
        self.columns = Columns(connections)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one read-only statement and return all its rows.

        Raises StoreUnavailableError when the database is damaged or stays locked; an error in the
        statement itself comes out as sqlite3.Error.
        """
        with self._connections.reading() as connection:
            return connection.execute(sql, tuple(values)).fetchall()

    def revision(self) -> int:
        """Return the number that grows with every change that a view can show."""
        return int(self.rows("SELECT value FROM revision")[0][0])

    def live_states(self) -> dict[int, RunState]:
        """Return the state of each run without a stored ending, by run number; see ``liveness``."""
        with self._connections.snapshot() as connection:
            return run_states(connection, time.time_ns(), self._connections.path.with_name(INBOX))
