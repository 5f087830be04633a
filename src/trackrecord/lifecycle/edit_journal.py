"""One call's changes as one journal: whole in the inbox under its name, or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trackrecord.journal.files import sync_folder
from trackrecord.journal.format import Kind, encode_structural, file_header
from trackrecord.journal.process import this_process
from trackrecord.journal.segments import NO_RUN, SegmentName
from trackrecord.sdk.version import VERSION
from trackrecord.words.errors import StoreUnavailableError
from trackrecord.words.ids import new_writer_id

#: what a journal is called while it is written; nobody takes it in
PARTIAL_SUFFIX = ".edit.partial"


def put_journal(
    inbox: Path, time: int, records: Iterable[tuple[Kind, dict[str, Any]]], *, project: str = ""
) -> Path:
    """Write a closed journal of no run with these records, all of time ``time``, and return its path.

    It is synced to disk under another name and then renamed: a kill in between leaves nothing that is taken in. Raises
    StoreUnavailableError when the inbox takes no file; then nothing has changed.
    """
    writer = new_writer_id()
    path = inbox / SegmentName(NO_RUN, writer, 0).file_name()
    header = {
        "run": NO_RUN,
        "writer": writer,
        "n": 0,
        "made_by": f"trackrecord {VERSION}",
        "project": project,
        "path": str(path),
        "process": this_process(),
    }
    pieces = [file_header(), encode_structural(Kind.SEGMENT, {"t": time, **header})]
    pieces += [encode_structural(kind, {"t": time, **fields}) for kind, fields in records]
    pieces.append(encode_structural(Kind.CLOSE, {"t": time, "next": False}))
    partial = inbox / f".{writer}{PARTIAL_SUFFIX}"
    try:
        with partial.open("xb") as file:
            file.write(b"".join(pieces))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        partial.unlink(missing_ok=True) if os.access(inbox, os.W_OK) else None
        raise StoreUnavailableError(
            f"the store {inbox.parent} takes no changes: {error.strerror or error} ({inbox}); nothing was changed",
            hint="check the permissions of the folder and the room on its disk",
        ) from error
    sync_folder(str(inbox))
    return path
