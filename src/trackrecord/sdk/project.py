"""What is said of a project: metric contracts and experiments, with a run of it open or without."""

from __future__ import annotations

import os
from typing import Any

from trackrecord.journal.format import Kind
from trackrecord.journal.place import INBOX
from trackrecord.journal.segments import NO_RUN
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk import current
from trackrecord.sdk.contracts import contract_fields, experiment_fields
from trackrecord.sdk.numbers import as_text
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.usable_store import usable_store
from trackrecord.sdk.version import VERSION
from trackrecord.words.errors import TrackrecordError
from trackrecord.words.ids import new_writer_id
from trackrecord.words.keys import mend_key


def define_metric(
    pattern: str, *, project: str | None = None, store: str | os.PathLike[str] | None = None, **contract: Any
) -> None:
    """State a metric contract: what a project says about a metric, so that "best" knows its direction everywhere.

    ``pattern`` is a metric's name or a glob such as ``"val/*"``. ``goal`` is ``"max"`` or ``"min"``; ``unit`` a text;
    ``primary=True`` makes it the project's main result; ``x`` is what it is drawn over (``"step"``, ``"relative"``,
    ``"wall"`` or another metric); ``low`` and ``high`` bound it; ``description`` is for people. The last one
    stated holds.
    Acts on the current run's project, or on ``project``.

    >>> import trackrecord as tr
    >>> tr.define_metric("val/accuracy", project="docs", goal="max", primary=True)
    """
    run = current.current_run()
    if run is not None and project in (None, run.project):
        run.define_metric(pattern, **contract)
        return
    _write(Kind.CONTRACT, lambda: contract_fields(pattern, **contract), project, store)


def define_experiment(
    name: str,
    *,
    project: str | None = None,
    store: str | os.PathLike[str] | None = None,
    hypothesis: str | None = None,
    prediction: str | None = None,
    verdict: str | None = None,
    conclusion: str | None = None,
) -> None:
    """State an experiment: a question inside a project. Texts left out stay as they are; the last one stated holds.

    Acts on the current run's project, or on ``project``; it may be called before, during and after its runs.

    >>> import trackrecord as tr
    >>> tr.define_experiment("depth", project="docs", hypothesis="Depth 3 is enough")
    """
    texts = {"hypothesis": hypothesis, "prediction": prediction, "verdict": verdict, "conclusion": conclusion}
    run = current.current_run()
    if run is not None and project in (None, run.project):
        run.define_experiment(name, **texts)
        return
    _write(Kind.EXPERIMENT, lambda: experiment_fields(name, **texts), project, store)


def settled_project(project: Any, problems: Problems) -> str:
    """Return the name of a project: the given one mended, ``$TRACKRECORD_PROJECT``, or ``default``."""
    if project is None or project == "":
        project = os.environ.get("TRACKRECORD_PROJECT") or "default"
    name, reason = mend_key(project if isinstance(project, (str, int, float)) else as_text(project))
    if name in (".", ".."):  # no address of a page can hold them
        name, reason = "unnamed", f"the name {name!r} was kept as 'unnamed'"
    if reason:
        problems.note("bad_project", f"project: {reason}")
    return name


def _write(kind: Kind, make_fields: Any, project: str | None, store: str | os.PathLike[str] | None) -> None:
    """Write one record about a project while no run of it is open, in a journal of its own."""
    strict = os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0")
    problems = Problems(strict=strict)
    try:
        fields = make_fields()
        settled = settled_project(project, problems)
        place = usable_store(store, problems)
        writer = JournalWriter(
            str(place / INBOX), NO_RUN, new_writer_id(), project=settled, made_by=f"trackrecord {VERSION}"
        )
        writer.append_structural(kind, fields)
        writer.close()
        writer.tend()
        if writer.backlog():
            problems.note(
                "disk",
                f"{place} takes no data now ({writer.trouble}); the {kind.name.lower()} was not kept",
                misuse=False,
            )
    except TrackrecordError as error:
        if strict:
            raise
        problems.note("bad_value", error.message, error.hint)
