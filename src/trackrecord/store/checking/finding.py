"""What `trackrecord check` finds: one value for each thing."""

from __future__ import annotations

from dataclasses import dataclass

#: something is wrong: the store does not hold what it should; a note is worth knowing and no fault
PROBLEM, NOTE = "problem", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    ``kind`` is a stable name (docs/robustness.md lists them), ``place`` says where (a table and row, or a file),
    ``message`` what is wrong in a sentence, ``run`` is the id of the run concerned, ``fixed`` what ``--fix`` did
    about it; None when nothing was done.
    """

    kind: str
    place: str
    message: str
    severity: str = PROBLEM
    run: str | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a whole check found, and how much it looked at.

    ``checked`` counts what was looked at by name: runs, points, chunks, blobs, journals, ...; ``quarantine`` is the
    folder to which damaged things were moved, None when nothing was.
    """

    findings: tuple[Finding, ...]
    checked: dict[str, int]
    quarantine: str | None = None

    @property
    def open_problems(self) -> int:
        """How many problems are left."""
        return sum(1 for found in self.findings if found.severity == PROBLEM and found.fixed is None)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong (any more)."""
        return self.open_problems == 0
