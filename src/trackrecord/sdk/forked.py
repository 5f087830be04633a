"""The writer of a forked child: it makes no file before something is recorded there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackrecord.journal.spool import inbox_for
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk import keeper
from trackrecord.sdk.beginning import begin_record
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.version import VERSION
from trackrecord.words.ids import new_writer_id

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run


class ForkedWriter(JournalWriter):
    """A writer that says who it is, and gets a background thread, with its first record.

    Data loaders fork by the dozen and record nothing: they must cost nothing.
    """

    def __init__(
        self, inbox: str, run_id: str, *, project: str, begin: bytes, at_first: Callable[[], None]
    ) -> None:
        super().__init__(inbox, run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}")
        self._segments.first_words = begin
        self._at_first: Callable[[], None] | None = at_first

    def _open_next(self) -> bool:
        at_first, self._at_first = self._at_first, None
        if at_first is not None:
            at_first()
        return super()._open_next()


def go_on(run: Run, watch_end: Callable[[], None]) -> None:
    """Give an open run a new writer in a forked child; nothing is written before something is recorded there.

    ``watch_end`` is called then, to have the end of the child noticed.
    """

    def at_first() -> None:
        keeper.take_on(run)
        watch_end()

    if run._role == "disabled":
        return
    run._writer.abandon()
    run._lock = threading.RLock()
    run._role = "forked"
    run._problems = Problems(strict=run._problems.strict, say=False)
    run._writer = ForkedWriter(
        inbox_for(run.store),
        run.id,
        project=run.project,
        begin=begin_record(role="forked", project=run.project, problems=run._problems),
        at_first=at_first,
    )
