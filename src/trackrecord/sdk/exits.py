"""How a process ends or divides: exceptions, ``sys.exit``, the interpreter's end, and ``fork``."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any

from trackrecord.sdk import console, current, facts, forked, keeper

_installed = False
#: what ends the process, as far as it was seen: an exception, or the code of sys.exit
_ending: list[BaseException] = []


def install() -> None:
    """Watch the end of this process. Called when the first run begins; does nothing the second time."""
    global _installed
    # a new run says that whatever was caught before did not end the process
    _ending.clear()
    if _installed:
        return
    _installed = True
    _wrap_excepthook()
    _wrap_exit()
    atexit.register(_at_exit)
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # a spawned child takes what was registered before its own beginning away, but for this
        util.register_after_fork(_watch_multiprocessing, lambda watch: watch())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)


def _wrap_excepthook() -> None:
    before = sys.excepthook

    def excepthook(kind: Any, error: BaseException, trace: Any) -> None:
        if not hasattr(sys, "ps1"):  # at a prompt the process goes on after it
            _ending.append(error)
        before(kind, error, trace)

    sys.excepthook = excepthook


def _wrap_exit() -> None:
    # the interpreter tells nobody with which code it ends; sys.exit is how nearly every script says it
    before = sys.exit

    def exit_noting_the_code(code: Any = None) -> Any:
        if threading.current_thread() is threading.main_thread():  # in another one it ends that thread only
            _ending[:] = [SystemExit(code)]
        before(code)

    sys.exit = exit_noting_the_code


def _at_exit() -> None:
    for run in reversed(current.open_runs()):
        run._finish_with(_ending[-1] if _ending else None)
    keeper.drain()


def _watch_multiprocessing() -> None:
    """Have multiprocessing's children end their runs: it ends them by ``os._exit``, past everything else."""
    process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, _at_end_of_child, exitpriority=0)


def _at_end_of_child() -> None:
    # called while the exception that ends the child, if there is one, is on its way
    error = sys.exc_info()[1]
    if error is not None:
        _ending[:] = [error]
    _at_exit()


def _in_child() -> None:
    """Give each open run a writer of its own in a forked child; it makes a file only when something is recorded."""
    _ending.clear()
    keeper.forget_all()
    console.after_fork()
    facts.after_fork()
    for run in current.open_runs():
        forked.go_on(run, _watch_multiprocessing)
