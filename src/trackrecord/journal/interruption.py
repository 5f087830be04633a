"""Exceptions that a handler of a signal raises in the middle of our code: they are meant for whoever called us.

Whoever limits the time of a piece of training by an alarm, or ends it when the machine is taken away, raises what they
like from a signal handler, TimeoutError say, which is an OSError as well. What catches the errors of disks and of
foreign values must not swallow that.
"""

from __future__ import annotations

from itertools import pairwise
from types import FrameType
from typing import Any


def let_through(error: BaseException) -> None:
    """Raise ``error`` again, or what it was made from, if it came out of a signal handler; else do nothing.

    To be called at the beginning of every ``except`` that foreign code, or a signal, can get into.
    """
    at: BaseException | None = error
    while at is not None:
        if _is_from_handler(at):
            raise at
        at = at.__cause__


def _is_from_handler(error: BaseException) -> bool:
    """Tell whether a frame that the error went through was called by the system, not by the frame before it.

    It is known by its arguments: the number of the signal and the frame that was interrupted.
    """
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    return any(_was_told_of(caller, frame) for caller, frame in pairwise(frames))


def _was_told_of(interrupted: FrameType, frame: FrameType) -> bool:
    code, values = frame.f_code, frame.f_locals
    # a handler takes its two arguments by name or, with a star, as the rest
    count = code.co_argcount
    arguments: list[Any] = [values.get(name) for name in code.co_varnames[:count]]
    if code.co_flags & 0x04:
        rest = values.get(code.co_varnames[count + code.co_kwonlyargcount])
        arguments += rest if isinstance(rest, tuple) else ()
    return any(isinstance(number, int) and found is interrupted for number, found in pairwise(arguments))
