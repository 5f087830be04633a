"""Where damaged things go: out of the way, never away. One folder for each repair, with a report of what is in it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from trackrecord.journal.files import sync_folder

FOLDER = "quarantine"
REPORT = "report.jsonl"


class Quarantine:
    """The quarantine folder of one repair; made when the first thing comes.

    Each thing is a file, and a line of JSON in ``report.jsonl``: ``time``, ``file``, ``why``, and what it was.
    """

    def __init__(self, store: Path) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._folder = store / FOLDER / f"{stamp}-{os.urandom(3).hex()}"
        self._made = False

    @property
    def folder(self) -> Path | None:
        """The folder, or None when nothing was put into it."""
        return self._folder if self._made else None

    def keep(self, name: str, content: bytes, why: str, **facts: Any) -> None:
        """Keep some bytes, on the disk when this returns. Raises OSError when the disk refuses."""
        path = self._free(name)
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._report(path, why, facts)

    def move(self, source: Path, why: str, **facts: Any) -> Path:
        """Move a file here, on the same file system; return where it is now."""
        path = self._free(source.name)
        # the report first: who finds the file must find what it is
        self._report(path, why, facts)
        source.replace(path)
        sync_folder(os.fspath(source.parent))
        sync_folder(os.fspath(self._folder))
        return path

    def _free(self, name: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._made = True
        path, count = self._folder / name, 1
        while path.exists():
            path, count = self._folder / f"{name}.{count}", count + 1
        return path

    def _report(self, path: Path, why: str, facts: dict[str, Any]) -> None:
        line = json.dumps({"time": time.time_ns(), "file": path.name, "why": why, **facts})
        with (self._folder / REPORT).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(os.fspath(self._folder))
