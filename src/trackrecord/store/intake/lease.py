"""The right to take in the inbox: one ingester at a time. It saves work; what is taken in is right without it too."""

from __future__ import annotations

import json
import os
import sqlite3
import time

from trackrecord.journal.process import is_gone, this_process

#: renewed with every commit of the holder
LASTS_NS = 10 * 10**9


class Lease:
    """One holder's view of the lease row. Every method needs a transaction that writes."""

    def __init__(self) -> None:
        self._mine = json.dumps({"process": this_process(), "once": os.urandom(8).hex()})

    def take(self, connection: sqlite3.Connection) -> bool:
        """Take or renew the lease; False when another holder has it, lives, and has not let it run out."""
        now = time.time_ns()
        found = connection.execute("SELECT holder, expires FROM lease").fetchone()
        if found is not None and found[0] != self._mine and self._holds(found[0], found[1], now):
            return False
        connection.execute(
            "INSERT OR REPLACE INTO lease (only, holder, expires) VALUES (1, ?, ?)",
            (self._mine, now + LASTS_NS),
        )
        return True

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let the next one take it at once."""
        connection.execute("DELETE FROM lease WHERE holder = ?", (self._mine,))

    @staticmethod
    def _holds(holder: str, expires: int, now: int) -> bool:
        # a lease that ends further away than any was given for comes from a clock that has been set back
        if expires <= now or expires > now + 2 * LASTS_NS:
            return False
        return is_gone(json.loads(holder)["process"]) is not True
