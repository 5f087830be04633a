"""One logged value that is not a number, with its bytes."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackrecord.reading.written_file import write_blob
from trackrecord.words.errors import UsageError
from trackrecord.words.records import MediaEntry

if TYPE_CHECKING:
    from trackrecord.reading.stored_run import StoredRun


class StoredMedia:
    """An image, sound, film, text, table, histogram or figure that a run logged at one step.

    Example::

        for sample in tr.open_run("quiet-river").media("samples"):
            sample.save(f"sample-{sample.step}.png")
    """

    def __init__(self, run: StoredRun, record: MediaEntry) -> None:
        # Holding the run keeps its store open.
        self._run = run
        #: the entry as a value
        self.record = record

    @property
    def key(self) -> str:
        """The name it was logged by."""
        return self.record.key

    @property
    def kind(self) -> str:
        """``image``, ``video``, ``audio``, ``text``, ``table``, ``histogram`` or ``figure``."""
        return self.record.kind

    @property
    def step(self) -> float:
        """The step it was logged at; a whole one is an int."""
        return self.record.step

    @property
    def time(self) -> datetime:
        """When it was logged, UTC."""
        return self.record.time

    @property
    def caption(self) -> str | None:
        """Its caption."""
        return self.record.caption

    @property
    def media_type(self) -> str | None:
        """The type of its bytes, such as ``image/png``; None when it has none."""
        return self.record.media_type

    @property
    def size(self) -> int | None:
        """How many bytes it has; None when ``data`` says all."""
        return self.record.size

    @property
    def digest(self) -> str | None:
        """The digest of its bytes; None when ``data`` says all."""
        return self.record.digest

    @property
    def data(self) -> Any:
        """What needs no file: of a text ``{"text": ...}``, of a table ``{"columns": [...], "rows": [...]}``, of a
        histogram ``{"edges": [...], "counts": [...]}``.
        """
        return self.record.data

    def read(self) -> bytes:
        """Return its bytes; those of a text are UTF-8.

        Raises UsageError for a table or histogram, which has none but ``data``, NotFoundError when the bytes are
        not in the store.
        """
        if self.digest is None:
            return self._text().encode()
        return b"".join(self._run.store.blobs.read(self.digest))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write its bytes to a file, checked against their digest, and return its path; one that is there is replaced.

        Raises what `read` raises, FormatError for damaged bytes, OSError when the file can't be written.
        """
        target = Path(path)
        if self.digest is None:
            target.write_bytes(self._text().encode())
        else:
            write_blob(self._run.store, self.digest, target)
        return target

    def _text(self) -> str:
        text = self.data.get("text") if isinstance(self.data, dict) else None
        if not isinstance(text, str):
            raise UsageError(f"The {self.kind} {self.key!r} has no bytes: its value is `data`.")
        return text

    def __repr__(self) -> str:
        size = "" if self.size is None else f", {self.size:,} bytes"
        return f"<StoredMedia {self.key!r}: {self.kind} at step {self.step}{size}>"
