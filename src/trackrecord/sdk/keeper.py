"""The background thread of a recording process: one for all its runs.

Once a second it syncs journals to disk and looks whether they still are where they were made; every 30 s it leaves a
heartbeat; it takes samples of the process, and writes facts when they are known. It never holds a lock that a
logging thread takes while it waits for a disk.
"""

from __future__ import annotations

import os
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from trackrecord.journal import spool
from trackrecord.journal.clock import is_out_of_range
from trackrecord.journal.format import Kind, encode_structural
from trackrecord.journal.place import INBOX
from trackrecord.journal.stop_requests import withdraw
from trackrecord.sdk.numbers import as_text

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

BEAT_S = 1.0
HEARTBEAT_S = 30.0
#: how long the end of the process may wait for facts and for the disk
LAST_WAIT_S = 5.0
#: while so many runs wait for the background thread, further ones that end close their files for the time being:
#: a process may have only so many open
MOST_OPEN = 50


class _Charge:
    """What the background thread does for one run."""

    def __init__(self, run: Run, *, sampler: Any, facts: Any) -> None:
        self.run = run
        self.sampler = sampler
        self.facts = facts
        self.next_heartbeat = time.monotonic() + HEARTBEAT_S
        self.ended = False
        self.trouble_noted: OSError | None = None
        self.lost_noted = 0
        self.damage_noted = 0
        self.clock_noted = False
        #: the background thread and the end of the process must not work on one run at once
        self.lock = threading.Lock()


_charges: list[_Charge] = []
#: stores for which this process has put journals into the spool
_spooled: set[str] = set()
_thread: threading.Thread | None = None
_draining = False
#: a queue, since an Event must not be set by a signal handler that interrupts its setting
_wake: SimpleQueue[None] = SimpleQueue()


def take_on(run: Run, *, sampler: Any = None, facts: Any = None) -> None:
    """Begin to look after a run; the thread is started when it is the first."""
    _charges.append(_Charge(run, sampler=sampler, facts=facts))
    if os.environ.get(spool.VARIABLE):
        if run._writer.inbox == os.path.join(run.store, INBOX):
            run._problems.note(
                "no_spool",
                f"{spool.VARIABLE}={os.environ[spool.VARIABLE]} can't be used; journals go to the store at once",
                "name a folder on a local disk that can be written to",
                misuse=False,
            )
        else:
            _spooled.add(str(run.store))
    _start()


def last_words(run: Run) -> None:
    """Write what was gathered for a run and not written yet: called by the thread that ends the run."""
    from trackrecord.sdk import console

    console.flush(run)
    for charge in _charges:
        if charge.run is run:
            _note_troubles(charge)
            if charge.sampler is not None:
                charge.sampler.sample(run)


def let_go(run: Run) -> None:
    """Say that a run has ended: its files are synced and closed in the background, once its facts are written."""
    for charge in tuple(_charges):
        if charge.run is run:
            charge.ended = True
    if len(_charges) > MOST_OPEN:
        run._writer.park()
    _wake.put(None)


def drain(limit_s: float = LAST_WAIT_S) -> None:
    """Finish the work for all ended runs now: called once, at the end of the process.

    When the time is over what is left to do for a run is written, but no longer waited for until it is on the disk.
    """
    global _draining
    deadline = time.monotonic() + limit_s
    _draining = True  # the background thread would only be in the way
    try:
        for charge in tuple(_charges):  # an ended one is removed meanwhile
            if charge.facts is not None and not charge.facts.is_ready():
                charge.facts.wait(max(0.0, deadline - time.monotonic()))
            _look_after(charge, last=True, left_s=deadline - time.monotonic())
        if _spooled:
            _forward_in_time(max(0.5, deadline - time.monotonic()))
    finally:
        _draining = False


def is_running() -> bool:
    """Tell whether the background thread does its work in this process."""
    return _thread is not None and _thread.is_alive()


def forget_all() -> None:
    """Begin anew in a forked child, which has no such thread."""
    global _thread, _wake
    _charges.clear()
    _spooled.clear()
    _thread = None
    _wake = SimpleQueue()


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_keep_on, name="trackrecord", daemon=True)
        try:
            _thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends: what is logged is kept all the same
            _thread = None


def _keep_on() -> None:
    while True:
        try:
            _wake.get(timeout=BEAT_S)
        except Empty:
            pass
        for charge in tuple(_charges):
            if not _draining:
                _look_after(charge)
        if not _draining:
            _forward()


def _look_after(charge: _Charge, *, last: bool = False, left_s: float = LAST_WAIT_S) -> None:
    if not charge.lock.acquire(timeout=max(0.02, left_s)):
        return  # a disk that does not answer holds up the other thread; it must not hold up the end of the process
    try:
        _serve(charge, last=last, in_time=left_s > 0)
    except Exception as error:  # the thread must outlive whatever goes wrong with one run
        charge.run._problems.note(
            "internal", f"in the background: {type(error).__name__}: {as_text(error)}", misuse=False
        )
    finally:
        charge.lock.release()


def _forward() -> None:
    """Bring what lies in the spool on to its stores; what can't be now is another time."""
    for store in tuple(_spooled):
        try:
            spool.forward(store)
        except OSError:  # noqa: PERF203 - the disk of one store is not that of another
            pass


def _forward_in_time(limit_s: float) -> None:
    """Do so at the end of the process, which a disk that does not answer must not hold up."""
    thread = threading.Thread(target=_forward, name="trackrecord-spool", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        _forward()  # the interpreter has come too far for another thread
    else:
        thread.join(limit_s)


def _serve(charge: _Charge, *, last: bool, in_time: bool) -> None:
    run, writer = charge.run, charge.run._writer
    facts_done = charge.facts is None or charge.facts.is_ready()
    if charge.facts is not None and (facts_done or last):
        facts, charge.facts = charge.facts, None
        facts.write(writer, run.store)
    if not charge.ended:
        _serve_open(charge)
    elif (facts_done or last) and not writer.closed:
        _say_what_was_lost(charge)
        writer.close()
        if run._role == "begin":
            withdraw(run.store, run.id)
    writer.tend(sync=in_time)
    if last and writer.backlog():
        _rescue(run)
    if charge.ended and writer.closed and not writer.backlog() and charge in _charges:
        _charges.remove(charge)


def _serve_open(charge: _Charge) -> None:
    from trackrecord.sdk import console

    run, writer, now = charge.run, charge.run._writer, time.monotonic()
    if not run._stop_asked:
        run._look_for_stop()
    console.flush(run)
    if charge.sampler is not None and charge.sampler.is_due(now):
        charge.sampler.sample(run)
    if now >= charge.next_heartbeat:
        charge.next_heartbeat = now + HEARTBEAT_S
        writer.append_structural(Kind.HEARTBEAT, {})
    _note_troubles(charge)
    _say_what_was_lost(charge)
    run._problems.write(lambda fields: writer.append(encode_structural(Kind.PROBLEM, fields)))


def _note_troubles(charge: _Charge) -> None:
    run, writer = charge.run, charge.run._writer
    if writer.trouble is not None and charge.trouble_noted is None:
        run._problems.note(
            "disk",
            f"the journal can't be written now: {writer.trouble}; records wait in memory",
            misuse=False,
        )
    charge.trouble_noted = writer.trouble
    if not charge.clock_noted and is_out_of_range():
        charge.clock_noted = True
        run._problems.note(
            "clock",
            "the machine's clock shows a year before 1677 or after 2262; the nearest time that can be kept was taken",
            misuse=False,
        )
    if writer.damaged != charge.damage_noted:
        charge.damage_noted = writer.damaged
        run._problems.note(
            "journal_damaged",
            "somebody else cut the journal short, or closed its file: what was written before may be lost",
            misuse=False,
        )


def _say_what_was_lost(charge: _Charge) -> None:
    lost = charge.run._writer.lost
    if lost != charge.lost_noted:
        charge.lost_noted = lost
        fields = {"code": "lost", "message": "records that could not be kept", "count": lost}
        charge.run._writer.append_structural(Kind.PROBLEM, fields)


def _rescue(run: Run) -> None:
    """Write what the disk did not take into another store, at the end of the process."""
    from trackrecord.journal.place import INBOX, fallback_stores, make_store
    from trackrecord.sdk.problems import tell

    writer = run._writer
    for store in fallback_stores():
        try:
            make_store(store)
        except OSError:
            continue
        before = writer.backlog() + 1
        while (
            0 < writer.backlog() < before
        ):  # a limit on the size of files is met with one segment after the other
            before = writer.backlog()
            writer.move_to(str(store / INBOX), run._introduction())
        if not writer.backlog():
            tell(
                f"{run.store} took no more data; the end of run {run.name!r} is in {store} "
                f"(trackrecord --store {store} ls)"
            )
            return
    tell(f"{writer.backlog()} records of run {run.name!r} could not be written anywhere")
