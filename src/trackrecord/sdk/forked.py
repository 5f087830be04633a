"""The writer of a forked child: it makes no file before something is recorded there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk import keeper
from trackrecord.sdk.version import VERSION
from trackrecord.words.ids import new_writer_id

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run


class ForkedWriter(JournalWriter):
    """A writer that says who it is, and gets a background thread, with its first record.

    Data loaders fork by the dozen and record nothing: they must cost nothing.
    """

    def __init__(self, inbox: str, run_id: str, *, project: str, begin: bytes, run: Run) -> None:
        super().__init__(inbox, run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}")
        self._begin: bytes | None = begin
        self._of = run

    def _open_next(self) -> bool:
        if not super()._open_next():
            return False
        begin, self._begin = self._begin, None
        if begin is not None:
            self._append(begin)
            keeper.take_on(self._of)
            self._close_with_multiprocessing()
        return True

    def _close_with_multiprocessing(self) -> None:
        """multiprocessing ends its children by ``os._exit``: have it close this journal first."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.close, exitpriority=0)
