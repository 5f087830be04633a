"""Facts of the process: code, Python, packages, host. Gathered once a process and repository, in the background.

Each part is bounded in time, and failing to find one never hurts the others or the run.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from trackrecord.journal.format import Kind, dump_json
from trackrecord.journal.place import BLOBS
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk.numbers import as_text

#: longer parts lie behind a digest, so that equal ones of many runs are stored once
LONGEST_INLINE = 2048


class Facts:
    """The facts of this process as seen from one working folder, gathered by a thread of their own."""

    def __init__(self, folder: str) -> None:
        self._parts: dict[str, Any] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._ready = threading.Event()
        thread = threading.Thread(target=self._gather, args=(folder,), name="trackrecord-facts", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads: there will be no facts, and the run goes on
            self._ready.set()

    def is_ready(self) -> bool:
        """Tell whether everything is known."""
        return self._ready.is_set()

    def wait(self, limit_s: float) -> None:
        """Wait until everything is known, at most ``limit_s`` seconds."""
        self._ready.wait(limit_s)

    def write(self, writer: JournalWriter, store: Path) -> None:
        """Write the parts known so far to a journal, long ones by digest."""
        from trackrecord.journal.blobfile import put_bytes

        for part, value in tuple(self._parts.items()):
            text = dump_json(value)
            if len(text) <= LONGEST_INLINE:
                writer.append_structural(Kind.FACTS, {"part": part, "value": value, "digest": None})
                continue
            place = (part, str(store))
            try:
                if place not in self._digests:
                    self._digests[place] = put_bytes(str(store / BLOBS), text).digest
                writer.append_structural(
                    Kind.FACTS, {"part": part, "value": None, "digest": self._digests[place]}
                )
            except OSError:  # the disk does not take the blob: the journal keeps what waits in memory
                writer.append_structural(Kind.FACTS, {"part": part, "value": value, "digest": None})

    def _gather(self, folder: str) -> None:
        try:
            from trackrecord.sdk.gathering import PARTS, gather

            for part in PARTS:
                try:
                    value = gather(part, folder)
                except Exception as error:  # one odd machine must not cost the other facts
                    value = {"problem": f"{type(error).__name__}: {as_text(error)}"}
                if value:
                    self._parts[part] = value
        except Exception as error:  # not even our own code can be loaded: no file descriptor is left
            self._parts["process"] = {"problem": f"{type(error).__name__}: {as_text(error)}"}
        finally:
            self._ready.set()


_known: dict[str, Facts] = {}


def facts_here() -> Facts:
    """Return the facts as seen from the working folder; begins to gather them when they are not known yet."""
    try:
        folder = os.getcwd()
    except OSError:  # the folder was removed
        folder = os.path.expanduser("~")
    if folder not in _known:
        _known[folder] = Facts(folder)
    return _known[folder]


def after_fork() -> None:
    """Forget what a thread of the parent was gathering."""
    for folder in [folder for folder, facts in _known.items() if not facts.is_ready()]:
        del _known[folder]
