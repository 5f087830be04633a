"""What IPython tells about cells: a run that was begun in a cell which fails has failed with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

_begun_in_cell: list[Run] = []
_shells: list[Any] = []


def begun(run: Run) -> None:
    """Note that a run began; in an IPython shell, its cell is watched from now on."""
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return
    try:
        shell = ipython.get_ipython()
        if shell is None:
            return
        _begun_in_cell.append(run)
        if shell not in _shells:
            _shells.append(shell)
            shell.events.register("post_run_cell", _after_cell)
    except Exception:  # another version's shell: the run is recorded all the same
        pass


def _after_cell(result: Any) -> None:
    runs, _begun_in_cell[:] = list(_begun_in_cell), []
    error = getattr(result, "error_in_exec", None)
    if not isinstance(error, BaseException):
        return
    for run in runs:
        if not run.ended:
            run._finish_with(error)
