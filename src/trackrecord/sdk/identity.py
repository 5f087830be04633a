"""Which run this process records into, and as which of several processes."""

from __future__ import annotations

import os
from typing import Any

from trackrecord.journal.segments import NO_RUN
from trackrecord.sdk.numbers import as_text
from trackrecord.sdk.problems import Problems
from trackrecord.words.ids import is_usable_run_id, new_run_id

#: the variables in which launchers say which of several processes this is
_RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_RANK_VARIABLES = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID")
_WORLD_SIZE_VARIABLES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


def identity(given: Any, problems: Problems) -> tuple[str, dict[str, Any] | None, str, bool]:
    """Return the run's id, this process' rank if a launcher says so, the writer's role, and whether the id is new."""
    run_id = as_text(given) if given is not None else os.environ.get("TRACKRECORD_RUN_ID") or None
    if run_id and not is_usable_run_id(run_id):
        problems.note(
            "bad_id",
            f"the run id {run_id!r:.80} can't be used; a new one was made",
            "use up to 64 letters, digits, _ and -",
        )
        run_id = None
    if run_id == NO_RUN:
        run_id = None
    rank = _rank()
    if run_id and rank is not None and rank["rank"] != 0:
        return run_id, rank, "join", False
    return run_id or new_run_id(), rank, "begin", run_id is None


def _rank() -> dict[str, Any] | None:
    rank = _whole_variable(_RANK_VARIABLES)
    if rank is None:
        return None
    return {
        "rank": rank,
        "local_rank": _whole_variable(_LOCAL_RANK_VARIABLES),
        "world_size": _whole_variable(_WORLD_SIZE_VARIABLES),
    }


def _whole_variable(names: tuple[str, ...]) -> int | None:
    for name in names:
        text = os.environ.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text)
    return None
