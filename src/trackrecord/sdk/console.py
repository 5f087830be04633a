"""Keeps what the process prints with its runs.

``sys.stdout`` and ``sys.stderr`` are wrapped while a run that wants it is open. What is written past them
(by C code, by subprocesses) is not seen.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from trackrecord.journal.format import Kind
from trackrecord.journal.interruption import let_through

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

#: a piece without a line's end is written when it gets longer than this, or at the next beat of the background thread
LONGEST_PIECE = 8192
#: no record of a printed text is longer (in characters)
LONGEST_RECORD = 1 << 20

_listening: list[Run] = []
_wrapped: dict[str, _Tee] = {}


class _Passing(threading.local):
    """Whether this thread is inside of a write that one tee passes on: tees further below hear nothing of it."""

    now = False


_passing = _Passing()


class _Tee:
    """Stands in for a stream: passes everything on, and hands a copy of texts to the listening runs.

    No thread ever waits for another one here: a value that is being logged may print from its ``__float__`` while the
    journal is locked. Whoever finds somebody else handing over leaves the text to them.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name
        self._heard: deque[str] = deque()
        self._length = 0
        self._handing_over = threading.Lock()

    def write(self, text: Any) -> Any:
        if _passing.now:
            return self._stream.write(text)
        _passing.now = True
        try:
            result = self._stream.write(text)
        finally:
            _passing.now = False
        if _listening and isinstance(text, str) and text:
            self._heard.append(text)
            self._length += len(text)
            if "\n" in text or self._length > LONGEST_PIECE:
                self.hand_over()
        return result

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def hand_over(self) -> None:
        """Write what was heard so far to the runs."""
        while self._heard and self._handing_over.acquire(blocking=False):
            try:
                self._hand_over()
            finally:
                self._handing_over.release()

    def _hand_over(self) -> None:
        self._length = 0
        pieces = []
        while self._heard:
            pieces.append(self._heard.popleft())
        text = "".join(pieces).encode("utf-8", "replace").decode("utf-8")
        try:
            for start in range(0, len(text), LONGEST_RECORD):
                fields = {"stream": self._name, "text": text[start : start + LONGEST_RECORD]}
                for run in tuple(_listening):
                    if not run.ended:
                        run._writer.append_structural(Kind.CONSOLE, fields)
        except Exception as error:  # printing must never fail because of us
            let_through(error)
            return

    def begin_anew(self) -> None:
        """Forget what was heard, and who was handing it over: for a forked child."""
        self._handing_over = threading.Lock()
        self._heard.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def __enter__(self) -> Any:
        return self._stream.__enter__()

    def __exit__(self, *error: Any) -> Any:
        return self._stream.__exit__(*error)


def listen(run: Run) -> None:
    """Begin to keep what is printed with ``run``."""
    _listening.append(run)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Tee):
            _wrapped[name] = stream
        elif stream is not None:
            _wrapped[name] = _Tee(stream, name)
            setattr(sys, name, _wrapped[name])


def flush(run: Run) -> None:
    """Write pieces without a line's end, as progress bars leave them."""
    if run in _listening:
        for tee in tuple(_wrapped.values()):
            tee.hand_over()


def leave(run: Run) -> None:
    """Stop listening for ``run``; the streams are put back when nobody listens any more."""
    if run in _listening:
        flush(run)
        _listening.remove(run)
    if not _listening:
        for name, tee in list(_wrapped.items()):
            # somebody may have wrapped the stream after us: then ours stays below and only passes on
            if getattr(sys, name, None) is tee:
                setattr(sys, name, tee._stream)
            _wrapped.pop(name, None)


def after_fork() -> None:
    """Make new locks in a forked child: the old ones may be held by threads that do not exist here."""
    for tee in _wrapped.values():
        tee.begin_anew()
