"""Trackrecord: records what a training run leaves behind, keeps it, and lets you see and compare it.

::

    import trackrecord as tr

    with tr.init("iris", params={"max_depth": 3}) as run:
        run.log({"val/accuracy": 0.9}, step=0)
        run.summary["accuracy"] = 0.93

Importing this package loads the standard library only; the reading side
(``runs``, ``open_run``) is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trackrecord.sdk.current import (
    current_run,
    finish,
    log,
    log_artifact,
    log_figure,
    log_image,
    log_params,
    log_text,
)
from trackrecord.sdk.project import define_experiment, define_metric
from trackrecord.sdk.run import Run
from trackrecord.sdk.start import init
from trackrecord.sdk.version import __version__
from trackrecord.words.errors import QueryError, TrackrecordError, UsageError

if TYPE_CHECKING:
    from trackrecord.reading import Smoothing, curves, group_runs, open_run, runs, sql
    from trackrecord.sdk.media import Audio, Figure, Histogram, Image, Table, Text, Video

#: loaded when first used: media classes cost training nothing until then, and reading needs numpy and sqlite3
_LATER = {
    "Audio": "trackrecord.sdk.media",
    "Figure": "trackrecord.sdk.media",
    "Histogram": "trackrecord.sdk.media",
    "Image": "trackrecord.sdk.media",
    "Table": "trackrecord.sdk.media",
    "Text": "trackrecord.sdk.media",
    "Video": "trackrecord.sdk.media",
    "Smoothing": "trackrecord.reading",
    "curves": "trackrecord.reading",
    "group_runs": "trackrecord.reading",
    "open_run": "trackrecord.reading",
    "runs": "trackrecord.reading",
    "sql": "trackrecord.reading",
}

__all__ = [
    "Audio",
    "Figure",
    "Histogram",
    "Image",
    "QueryError",
    "Run",
    "Smoothing",
    "Table",
    "Text",
    "TrackrecordError",
    "UsageError",
    "Video",
    "__version__",
    "current_run",
    "curves",
    "define_experiment",
    "define_metric",
    "finish",
    "group_runs",
    "init",
    "log",
    "log_artifact",
    "log_figure",
    "log_image",
    "log_params",
    "log_text",
    "open_run",
    "runs",
    "sql",
]


def __getattr__(name: str) -> Any:
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module 'trackrecord' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    # What is there for users; not the modules and imports that this file needs itself.
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
