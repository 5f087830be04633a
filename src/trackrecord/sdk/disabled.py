"""A run that keeps nothing, for ``mode="disabled"``: the same handle, no files, no thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trackrecord.journal.format import Kind
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk.names import random_name
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.run import Run
from trackrecord.words.ids import new_run_id, new_writer_id


class _NoWriter(JournalWriter):
    """Takes every record and keeps none."""

    def _append(self, record: bytes, *, rotate: bool = True) -> None:
        pass

    def _open_next(self) -> bool:
        return False


class DisabledRun(Run):
    """A run that keeps nothing. Values are looked at as ever, so that strict mode finds misuse here too."""

    def __init__(self, project: str, name: str | None, problems: Problems) -> None:
        run_id = new_run_id()
        super().__init__(
            run_id=run_id,
            name=str(name) if name else random_name(),
            project=project,
            store=Path("disabled"),
            writer=_NoWriter("", run_id, new_writer_id(), project=project, made_by="disabled"),
            problems=problems,
            role="disabled",
        )

    def __reduce__(self) -> Any:
        return DisabledRun, (self.project, self.name, Problems(strict=self._problems.strict))

    @property
    def url(self) -> str:
        """An empty text: there is no page."""
        return ""

    def _watch_for_stop(self) -> None:
        pass

    def log_artifact(self, path: Any, name: str | None = None, kind: str = "file") -> None:
        """Keep nothing."""

    def _write(self, kind: Kind, fields: dict[str, Any]) -> None:
        pass

    def _write_media(self, key: str, media: Any, step: int | float) -> None:
        pass
