"""What a journal of no run does: what is said of a project, and changes of runs that it names."""

from __future__ import annotations

from trackrecord.journal.bulk import Batch, Rows
from trackrecord.journal.format import Kind
from trackrecord.store.intake import apply_lifecycle, apply_project
from trackrecord.store.intake.fields import text, whole
from trackrecord.store.intake.transaction import UNKNOWN_PROJECT, Said, Transaction


def take_journal(tx: Transaction, writer: str, batch: Batch) -> None:
    """Apply a whole journal of no run. It may be applied again: the later word holds, whatever comes first."""
    project = UNKNOWN_PROJECT
    for item in batch.items:
        if isinstance(item, Rows):
            continue
        fields = item.fields()
        said = Said(whole(fields, "t") or 0, writer, item.offset, fields)
        if item.kind == Kind.SEGMENT:
            project = text(fields, "project") or UNKNOWN_PROJECT
        elif item.kind == Kind.CHANGE:
            apply_lifecycle.change_runs(tx, said)
        elif item.kind in (Kind.EXPERIMENT, Kind.CONTRACT):
            _about_project(tx, tx.project_number(project, said.time), item.kind, said)


def _about_project(tx: Transaction, project: int, kind: int, said: Said) -> None:
    tx.touched_projects.add(project)
    handle = apply_project.experiment if kind == Kind.EXPERIMENT else apply_project.contract
    handle(tx, project, said)
    tx.connection.execute(
        "UPDATE project SET changed = max(changed, ?) WHERE number = ?", (said.time, project)
    )
