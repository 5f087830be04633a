"""Samples of this process: CPU and memory, as ``system/...`` metrics. Linux's /proc, else what ``resource`` tells."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from trackrecord.journal.clock import now_ns
from trackrecord.journal.format import Kind
from trackrecord.sdk.contracts import contract_fields

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

CPU = "system/process_cpu"
MEMORY = "system/process_memory"
#: the first sample is taken after this time, the others at the interval that was asked for
FIRST_S = 1.0


class Sampler:
    """Takes a sample every ``interval_s`` seconds, with steps of its own: they count samples."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        now = time.monotonic()
        self._next = now + min(FIRST_S, interval_s)
        self._last_time, self._last_cpu = now, _cpu_seconds()
        self._step = 0
        self._contracts_written = False

    def is_due(self, now: float) -> bool:
        """Tell whether it is time for a sample."""
        return now >= self._next

    def sample(self, run: Run) -> None:
        """Write one sample to the run's journal."""
        now, cpu = time.monotonic(), _cpu_seconds()
        self._next = now + self._interval_s
        elapsed = now - self._last_time
        if elapsed < 0.01:
            return
        if not self._contracts_written:
            self._contracts_written = True
            for pattern, unit, text in (
                (CPU, "%", "CPU time used by the process; 100 is one whole core"),
                (MEMORY, "bytes", "memory of the process that is in RAM"),
            ):
                contract = contract_fields(pattern, unit=unit, x="relative", low=0, description=text)
                run._writer.append_structural(Kind.CONTRACT, contract)
        values = {CPU: 100 * (cpu - self._last_cpu) / elapsed}
        memory = _memory_bytes()
        if memory is not None:
            values[MEMORY] = memory
        run._writer.append_row(values, self._step, now_ns())
        self._step += 1
        self._last_time, self._last_cpu = now, cpu


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _memory_bytes() -> float | None:
    try:
        with open("/proc/self/statm", "rb") as file:
            return float(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    try:
        import resource
        import sys

        # the greatest so far, in bytes on macOS and in KiB elsewhere: better than nothing
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    except ImportError:
        return None
