"""Signal handlers that raise in the middle of recording: the exception is training's, and no record is half there."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import trackrecord as tr
from tests.recorded import Inbox, inbox, python

pytestmark = pytest.mark.skipif(os.name != "posix", reason="alarms of POSIX")

Found = Callable[[], Inbox]

_INTERRUPTED = """
import json, signal, sys, time, trackrecord as tr
KIND = {"TimeoutError": TimeoutError, "ValueError": ValueError, "OSError": OSError}[sys.argv[1]]
run = tr.init("p", name="alarmed", console=False, system_metrics=False)
def late(*_):
    raise KIND("the time is over")
signal.signal(signal.SIGALRM, late)
run.log({"warm": [1, 2]}, step=0)  # Python's own import takes a TimeoutError for a folder that is not there
returned, seen, step = [], 0, 0
for turn in range(100):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + turn * 1e-6)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            step += 1
            run.log({"x": step} if step % 3 else {"x": step, f"other/{step}": [1, 2] if step % 2 else 1.0}, step=step)
            returned.append(step)
    except KIND:
        seen += 1
run.log({"last": 1})
run.finish()
print(json.dumps({"seen": seen, "returned": returned, "steps": step}))
"""


@pytest.mark.parametrize("kind", ["TimeoutError", "ValueError", "OSError"])
def test_what_a_signal_handler_raises_reaches_training(tmp_path: Path, kind: str) -> None:
    """Each alarm's exception comes out of log(); every call that returned is kept once, and later ones go on."""
    said = json.loads(python(tmp_path, _INTERRUPTED, kind).stdout)
    found = inbox(tmp_path)
    steps = [step for step, _ in found.points("x")]
    assert said["seen"] == 100
    assert set(said["returned"]) <= set(steps) <= set(range(1, said["steps"] + 1))
    assert len(steps) == len(set(steps))
    assert len(found.points("last")) == 1
    assert (found.damage, found.state) == (0, "finished")


@pytest.fixture
def alarm() -> Iterator[Callable[[Any], None]]:
    """Give the handler of a signal; the one before comes back afterwards."""
    before = signal.getsignal(signal.SIGUSR1)

    def set_handler(handler: Any) -> None:
        signal.signal(signal.SIGUSR1, handler)

    yield set_handler
    signal.signal(signal.SIGUSR1, before)


class Handler:
    """An object whose method or call handles a signal."""

    def handle(self, number: int, frame: Any) -> None:
        """Raise, with the arguments still there."""
        raise TimeoutError("by a method")

    def __call__(self, number: int, frame: Any) -> None:
        """Raise, one call further in."""
        self.handle(number, None)


class Signalling:
    """A value during whose conversion a signal comes."""

    def __float__(self) -> float:
        os.kill(os.getpid(), signal.SIGUSR1)
        return 2.0


@pytest.mark.parametrize("handler", [Handler().handle, Handler()])
def test_a_signal_while_a_value_is_converted(
    run: tr.Run, found: Found, alarm: Callable[[Any], None], handler: Any
) -> None:
    """A handler's exception gets through the code that takes a value's own exceptions, whatever the handler is."""
    alarm(handler)
    calls = [({"x": Signalling()}, 1), ({"x": 1, "nested": {"y": Signalling()}}, 1), ({"x": 1}, Signalling())]
    for values, step in calls:
        with pytest.raises(TimeoutError):
            run.log(values, step=step)  # type: ignore[arg-type]
    run.log({"x": 5.0}, step=9)
    inbox = found()
    assert inbox.points("x") == [(9, 5.0)]
    assert inbox.problems() == {}


def test_a_value_that_raises_is_no_interruption(
    run: tr.Run, found: Found, alarm: Callable[[Any], None]
) -> None:
    """What a logged value's own code raises stays out of training, also when log() is called out of a handler."""

    class Raising:
        def __float__(self) -> float:
            raise TimeoutError("of the value")

    def logging_handler(_number: int, _frame: Any) -> None:
        run.log({"x": Raising(), "y": 1.0})

    alarm(logging_handler)
    os.kill(os.getpid(), signal.SIGUSR1)
    try:
        raise TimeoutError("being handled")
    except TimeoutError:
        run.log({"x": Raising(), "y": 2.0})
    assert [value for _, value in found().points("y")] == [1.0, 2.0]
