"""Keeps what the process prints with its runs.

``sys.stdout`` and ``sys.stderr`` are wrapped while a run that wants it is open. What is written past them
(by C code, by subprocesses) is not seen.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from trackrecord.journal.format import Kind

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

#: a piece without a line's end is written when it gets longer than this, or at the next beat of the background thread
LONGEST_PIECE = 8192

_listening: list[Run] = []
_wrapped: dict[str, _Tee] = {}


class _Tee:
    """Stands in for a stream: passes everything on, and hands a copy of texts to the listening runs."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name
        self._piece: list[str] = []
        self._length = 0
        self._lock = threading.RLock()
        self._busy = False

    def write(self, text: Any) -> Any:
        result = self._stream.write(text)
        if _listening and isinstance(text, str) and text:
            self._hear(text)
        return result

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def _hear(self, text: str) -> None:
        with self._lock:
            if self._busy:  # a signal handler that prints while we write
                return
            self._busy = True
            try:
                self._piece.append(text)
                self._length += len(text)
                if "\n" in text or self._length > LONGEST_PIECE:
                    self._hand_over()
            except Exception:  # printing must never fail because of us
                pass
            finally:
                self._busy = False

    def _hand_over(self) -> None:
        text = "".join(self._piece).encode("utf-8", "replace").decode("utf-8")
        self._piece.clear()
        self._length = 0
        for run in _listening:
            if text and not run.ended:
                run._writer.append_structural(Kind.CONSOLE, {"stream": self._name, "text": text})

    def flush_piece(self) -> None:
        with self._lock:
            if self._piece and not self._busy:
                self._hand_over()

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
        if stream is not None and not isinstance(stream, _Tee):
            _wrapped[name] = _Tee(stream, name)
            setattr(sys, name, _wrapped[name])


def flush(run: Run) -> None:
    """Write pieces without a line's end, as progress bars leave them."""
    if run in _listening:
        for tee in list(_wrapped.values()):
            tee.flush_piece()


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
        tee._lock = threading.RLock()
        tee._piece.clear()
        tee._busy = False
