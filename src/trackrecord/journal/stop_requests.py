"""Asking a running run to stop: a small file in the inbox, which the run's background thread looks for by its name.

``<inbox>/<run id>.stop`` holds ``{"t": <ns>, "who": "ada"}``. Nobody is forced: code that looks at ``run.should_stop``
ends by itself, and its run is then ``stopped``. The file goes with the end of the run.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from trackrecord.journal.place import INBOX
from trackrecord.words.errors import StoreUnavailableError, UsageError
from trackrecord.words.ids import is_usable_run_id

LONGEST_WHO = 200
#: the name of a request is the run's id and this
STOP_SUFFIX = ".stop"


class StopRequest(NamedTuple):
    """Who asked a run to stop, and when (nanoseconds since 1970, UTC)."""

    time: int
    who: str


def ask_to_stop(store: str | os.PathLike[str], run: str, who: str) -> StopRequest:
    """Ask the writers of a run to stop. Of several requests the first one stands.

    ``store`` is the folder of the store, ``run`` a whole run id. Whether the run still goes on is for the caller to
    know: nobody answers for one that has ended. Raises UsageError for an impossible id, StoreUnavailableError where
    the inbox can't be written to.
    """
    if not is_usable_run_id(run):
        raise UsageError(f"{run!r:.80} is no id of a run", hint="give the whole id")
    path = request_path(Path(store) / INBOX, run)
    partial = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    request = StopRequest(time.time_ns(), who[:LONGEST_WHO])
    try:
        before = _read(path)
        if before is not None:
            return before
        with open(partial, "wb") as file:
            file.write(json.dumps({"t": request.time, "who": request.who}).encode() + b"\n")
        os.replace(partial, path)
    except OSError as error:
        raise StoreUnavailableError(
            f"the request to stop could not be written to {path}: {error.strerror or error}",
            hint="whoever may write to the store can ask for it",
        ) from error
    return request


def stop_request(store: str | os.PathLike[str], run: str) -> StopRequest | None:
    """Return the request that waits for a run, or None. Raises OSError where that can't be told."""
    return _read(request_path(Path(store) / INBOX, run))


def withdraw(store: str | os.PathLike[str], run: str) -> None:
    """Take a request away, if there is one: its run has ended, or begins anew."""
    try:
        os.unlink(request_path(Path(store) / INBOX, run))
    except OSError:
        pass


def request_path(inbox: str | os.PathLike[str], run: str) -> str:
    """Return where a request for a run lies."""
    return os.path.join(inbox, run + STOP_SUFFIX)


def _read(path: str) -> StopRequest | None:
    try:
        with open(path, "rb") as file:
            content = file.read(4096)
    except FileNotFoundError:
        return None
    try:
        found = json.loads(content)
        return StopRequest(int(found["t"]), str(found["who"])[:LONGEST_WHO])
    except (ValueError, TypeError, KeyError):
        return StopRequest(0, "")  # made by hand, with ``touch``: a request all the same
