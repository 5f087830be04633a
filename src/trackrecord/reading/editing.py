"""Changing recorded runs from Python: one that is open, or all of a table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from trackrecord.lifecycle import edits, history, purging
from trackrecord.lifecycle.edits import Edit
from trackrecord.lifecycle.purging import PurgeReport
from trackrecord.lifecycle.recording import EditReport, record_edits

if TYPE_CHECKING:
    from trackrecord.store.embedded import EmbeddedStore


class RunEditing:
    """What can be changed of recorded runs. Each change is kept with who, when, before and after, and can be undone.

    All methods return an `EditReport`: ``shown`` is False when another process holds the store at this moment; then the
    change lies safely in the inbox, and a warning says so. They raise StoreUnavailableError when the store's folder
    takes no file, and UsageError for a value that can't be used; then nothing has changed.
    """

    def _editing(self) -> AbstractContextManager[tuple[EmbeddedStore, Sequence[str]]]:
        """Lend the store, and say which runs (ids) are meant."""
        raise NotImplementedError

    def _was_edited(self) -> None:
        """Take notice of a change that is shown now."""

    def add_tags(self, *tags: str) -> EditReport:
        """Add tags.

        Example::

            tr.runs("val/accuracy > 0.9").add_tags("good")
        """
        return self._edit(edits.add_tags(tags))

    def remove_tags(self, *tags: str) -> EditReport:
        """Take tags off."""
        return self._edit(edits.remove_tags(tags))

    def set_tags(self, *tags: str) -> EditReport:
        """Have these tags and no others."""
        return self._edit(edits.set_tags(tags))

    def set_note(self, note: str | None) -> EditReport:
        """Replace the note; None takes it away."""
        return self._edit(edits.set_note(note))

    def set_group(self, group: str | None) -> EditReport:
        """Put into a group, such as the seeds of one setting; None: into none."""
        return self._edit(edits.set_group(group))

    def move(self, project: str) -> EditReport:
        """Move to another project, which is made when it is new. Versions of artifacts stay where they were given."""
        return self._edit(edits.move_to(project))

    def archive(self) -> EditReport:
        """Put away: lists leave archived runs out, nothing of them is lost."""
        return self._edit(edits.set_archived())

    def unarchive(self) -> EditReport:
        """Take back from the archive."""
        return self._edit(edits.set_archived(False))

    def delete(self) -> EditReport:
        """Move to the trash; `undelete` takes back, `purge` removes for good."""
        return self._edit(edits.set_deleted())

    def undelete(self) -> EditReport:
        """Take out of the trash."""
        return self._edit(edits.set_deleted(False))

    def undo(self) -> EditReport:
        """Take back the last change, of a table that of each run; once more brings it again.

        Raises UsageError when nothing was ever changed.
        """
        with self._editing() as (store, runs):
            return self._told(history.undo(store, runs))

    def purge(self, *, force: bool = False) -> PurgeReport:
        """Remove for good, with all that was recorded, and give the disk back. Nothing brings it back.

        Raises UsageError, having removed nothing, when a run still runs, was never seen to end (unless ``force``), or
        has forks that inherit from it.
        """
        with self._editing() as (store, runs):
            report = purging.purge(store, runs, force=force)
        if not report.shown:
            warnings.warn("\n".join(report.notes), RuntimeWarning, stacklevel=2)
        return report

    def _edit(self, edit: Edit) -> EditReport:
        with self._editing() as (store, runs):
            return self._told(record_edits(store, runs, [edit]))

    def _told(self, report: EditReport) -> EditReport:
        if report.shown:
            self._was_edited()
        else:
            warnings.warn(f"Recorded, shown soon: {report.problem}", RuntimeWarning, stacklevel=4)
        return report
