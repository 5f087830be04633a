"""Threads for everything that blocks, so that the event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """A few threads that stay, so that what belongs to a thread (a database connection) is used again."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="trackrecord-server")

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do ``work`` in a thread and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let running work end and drop what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
