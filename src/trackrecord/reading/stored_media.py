"""One logged value that is not a number, with its bytes."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.written_file import write_blob
from trackrecord.query.stored_values import json_value
from trackrecord.words.errors import FormatError, UsageError
from trackrecord.words.records import MediaEntry

if TYPE_CHECKING:
    from trackrecord.reading.stored_run import StoredRun


#: these are JSON by nature; a long one lies in a file of the store
_KINDS_OF_DATA = frozenset(("text", "table", "histogram"))


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
        self._long_data: Any = None

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
        """What is no file: of a text ``{"text": ...}``, of a table ``{"columns": [...], "rows": [...]}``, of a
        histogram ``{"edges": [...], "counts": [...]}``. Long ones are read from the store when they are asked for.

        Raises NotFoundError when a long one's bytes are not in the store, FormatError when they are damaged.
        """
        if self._is_long():
            if self._long_data is None:
                self._long_data = json_value(self._checked_bytes().decode("utf-8", "replace"))
            return self._long_data
        return self.record.data

    def read(self) -> bytes:
        """Return its bytes; those of a text are UTF-8.

        Raises UsageError for a table or histogram, which has none but ``data``, NotFoundError when the bytes are
        not in the store.
        """
        if self.digest is None or self._is_long():
            return self._text().encode()
        return b"".join(self._run.store.blobs.read(self.digest))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write its bytes to a file, checked against their digest, and return its path; one that is there is replaced.

        Raises what `read` raises, FormatError for damaged bytes, OSError when the file can't be written.
        """
        target = Path(path)
        if self.digest is None or self._is_long():
            target.write_bytes(self._text().encode())
        else:
            write_blob(self._run.store, self.digest, target)
        return target

    def _is_long(self) -> bool:
        """Tell whether the value was too long for a record, so that its JSON lies in a file of the store."""
        return (
            self.digest is not None and self.kind in _KINDS_OF_DATA and self.media_type == "application/json"
        )

    def _checked_bytes(self) -> bytes:
        digest = self.digest or ""
        content = b"".join(self._run.store.blobs.read(digest))
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise FormatError(
                f"The store's bytes of the {self.kind} {self.key!r} ({digest}) are damaged.",
                hint="Its disk may be failing; restore this file of the store's blobs from a backup.",
            )
        return content

    def _text(self) -> str:
        data = self.data
        text = data.get("text") if isinstance(data, dict) else None
        if not isinstance(text, str):
            raise UsageError(f"The {self.kind} {self.key!r} has no bytes: its value is `data`.")
        return text

    def __repr__(self) -> str:
        size = "" if self.size is None else f", {self.size:,} bytes"
        return f"<StoredMedia {self.key!r}: {self.kind} at step {self.step}{size}>"
