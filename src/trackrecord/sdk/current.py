"""The current run of this process, and module-level calls that act on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run

#: open runs, the current one last; lists are changed in one step, so no lock is needed
_open: list[Run] = []


def current_run() -> Run | None:
    """Return the run that module-level calls act on: the one begun last that has not ended; None when there is none."""
    return _open[-1] if _open else None


def open_runs() -> list[Run]:
    """Return all runs of this process that have not ended, the current one last."""
    return list(_open)


def make_current(run: Run) -> None:
    """Make ``run`` the one that module-level calls act on."""
    _open.append(run)


def forget(run: Run) -> None:
    """Take an ended run away; the one before it is current again."""
    if run in _open:
        _open.remove(run)


def _wanted(what: str) -> Run | None:
    run = current_run()
    if run is None:
        from trackrecord.sdk.problems import tell
        from trackrecord.words.errors import UsageError

        message = f"{what}() was called, but no run is open; nothing was kept"
        hint = "call run = trackrecord.init(...) first"
        if os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0"):
            raise UsageError(message, hint=hint)
        if what not in _told:
            _told.add(what)
            tell(f"{message} ({hint})")
    return run


_told: set[str] = set()


def log(values: Mapping[str, Any], step: int | float | None = None) -> None:
    """Record values on the current run; see `Run.log`."""
    run = _wanted("log")
    if run is not None:
        run.log(values, step=step)


def log_params(params: Mapping[str, Any]) -> None:
    """Record params on the current run; see `Run.log_params`."""
    run = _wanted("log_params")
    if run is not None:
        run.log_params(params)


def log_image(key: str, image: Any, step: int | float | None = None, caption: str | None = None) -> None:
    """Record a picture on the current run; see `Run.log_image`."""
    run = _wanted("log_image")
    if run is not None:
        run.log_image(key, image, step=step, caption=caption)


def log_text(key: str, text: str, step: int | float | None = None) -> None:
    """Record a text on the current run; see `Run.log_text`."""
    run = _wanted("log_text")
    if run is not None:
        run.log_text(key, text, step=step)


def log_figure(key: str, figure: Any, step: int | float | None = None, caption: str | None = None) -> None:
    """Record a figure on the current run; see `Run.log_figure`."""
    run = _wanted("log_figure")
    if run is not None:
        run.log_figure(key, figure, step=step, caption=caption)


def log_artifact(path: str | os.PathLike[str], name: str | None = None, kind: str = "file") -> None:
    """Keep a file or a folder with the current run; see `Run.log_artifact`."""
    run = _wanted("log_artifact")
    if run is not None:
        run.log_artifact(path, name=name, kind=kind)


def finish(state: str = "finished") -> None:
    """End the current run; nothing happens when none is open."""
    run = current_run()
    if run is not None:
        run.finish(state)
