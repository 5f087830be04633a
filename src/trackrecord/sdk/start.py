"""Beginning a run, and joining one from another process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trackrecord.journal.clock import now_ns
from trackrecord.journal.format import Kind, encode_structural
from trackrecord.journal.interruption import let_through
from trackrecord.journal.spool import inbox_for
from trackrecord.journal.stop_requests import withdraw
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk import current, exits, keeper, notebook
from trackrecord.sdk.beginning import begin_record
from trackrecord.sdk.console import listen
from trackrecord.sdk.disabled import DisabledRun
from trackrecord.sdk.facts import facts_here
from trackrecord.sdk.identity import identity
from trackrecord.sdk.names import random_name
from trackrecord.sdk.numbers import as_number, as_text, shown
from trackrecord.sdk.problems import Problems, is_terminal, tell
from trackrecord.sdk.project import settled_project
from trackrecord.sdk.run import Run
from trackrecord.sdk.sampler import Sampler
from trackrecord.sdk.usable_store import usable_store
from trackrecord.sdk.version import VERSION
from trackrecord.words.errors import TrackrecordError
from trackrecord.words.ids import new_writer_id
from trackrecord.words.keys import mend_key

_greeted = False


def init(
    project: str | None = None,
    *,
    params: Mapping[str, Any] | Any | None = None,
    name: str | None = None,
    group: str | None = None,
    tags: Iterable[str] = (),
    notes: str | None = None,
    hypothesis: str | None = None,
    experiment: str | None = None,
    parent: Run | str | None = None,
    fork_from: tuple[Run | str, int | float] | None = None,
    store: str | os.PathLike[str] | None = None,
    id: str | None = None,
    mode: str | None = None,
    strict: bool | None = None,
    console: bool = True,
    system_metrics: bool | float = True,
) -> Run:
    """Begin a run and make it the current one.

    Returns in a few milliseconds and raises nothing because of a disk: a store that can't be written to is replaced by
    a folder of the user's own, which is said.

    Parameters
    ----------
    project:
        The container one team looks at; ``$TRACKRECORD_PROJECT``, else ``"default"``.
    params:
        Inputs fixed for the run: a dict (nested ones become dotted), a dataclass, or the namespace of argparse.
    name, group, tags, notes, hypothesis:
        Words about the run. ``group`` ties runs that belong together, such as the seeds of one setting.
    experiment:
        Name of the experiment the run belongs to; see ``tr.define_experiment``.
    parent:
        The run, or its id, that this one is nested in.
    fork_from:
        ``(run or its id, step)``: the history of that run up to that step is this run's own.
    store:
        Folder of the store; ``$TRACKRECORD_STORE``, else the first ``.trackrecord`` upwards to the repository's root.
    id:
        Another process' run id, to record into the same run (``$TRACKRECORD_RUN_ID``).
    mode:
        ``"online"`` or ``"offline"`` (both record locally), or ``"disabled"``: nothing is kept (``$TRACKRECORD_MODE``).
    strict:
        Raise UsageError on misuse instead of noting it (``$TRACKRECORD_STRICT=1``).
    console:
        Keep what the process prints.
    system_metrics:
        Seconds between samples of CPU and memory of the process (True: 10), or False.

    >>> import trackrecord as tr
    >>> run = tr.init("docs", params={"optimizer": {"lr": 0.1}}, tags=["example"])
    >>> run.params
    {'optimizer.lr': 0.1}
    >>> run.finish()
    """
    problems = Problems(strict=_is_strict() if strict is None else strict)
    try:
        if _is_disabled(mode, problems):
            return _begin_disabled(project, name, params, problems)
        return _begin(
            project=project,
            params=params,
            name=name,
            group=group,
            tags=tags,
            notes=notes,
            hypothesis=hypothesis,
            experiment=experiment,
            parent=parent,
            fork_from=fork_from,
            store=store,
            id=id,
            problems=problems,
            console=console,
            system_metrics=system_metrics,
        )
    except TrackrecordError:
        raise
    except Exception as error:  # whatever this machine lacks, training goes on
        let_through(error)
        problems.note(
            "no_run",
            f"the run could not be begun, so nothing is kept: {type(error).__name__}: {as_text(error)}",
            misuse=False,
        )
        return _begin_disabled(None, None, None, problems)


def _is_strict() -> bool:
    return os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0")


def _is_disabled(mode: Any, problems: Problems) -> bool:
    mode = mode or os.environ.get("TRACKRECORD_MODE") or "online"
    if mode not in ("online", "offline", "disabled"):
        problems.note(
            "bad_mode",
            f"the mode {shown(mode, 40)} does not exist; the run is recorded",
            'give "online", "offline" or "disabled"',
        )
    return bool(mode == "disabled")


def _begin_disabled(project: Any, name: Any, params: Any, problems: Problems) -> Run:
    run = DisabledRun(settled_project(project, problems), name, problems)
    current.make_current(run)
    if params is not None:
        run.log_params(params)
    return run


def _begin(
    *,
    project: Any,
    params: Any,
    name: Any,
    group: Any,
    tags: Any,
    notes: Any,
    hypothesis: Any,
    experiment: Any,
    parent: Run | str | None,
    fork_from: Any,
    store: Any,
    id: Any,
    problems: Problems,
    console: bool,
    system_metrics: bool | float,
) -> Run:
    _end_previous(nested=parent is not None)
    run_id, rank, role, is_new = identity(id, problems)
    project = settled_project(project, problems)
    place = usable_store(store, problems)
    writer = JournalWriter(
        inbox_for(place), run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}"
    )
    run_name = mend_key(as_text(name))[0] if name is not None and name != "" else random_name()
    parent_id = (
        parent.id if isinstance(parent, Run) else None if parent is None else mend_key(as_text(parent))[0]
    )
    begin = begin_record(
        role=role,
        project=project,
        name=run_name if role == "begin" or name is not None else None,
        group=group,
        experiment=experiment,
        parent=parent_id,
        tags=tags,
        notes=notes,
        hypothesis=hypothesis,
        problems=problems,
    )
    run = Run(
        run_id=run_id,
        name=run_name,
        project=project,
        store=place,
        writer=writer,
        problems=problems,
        role=role,
        parent=parent_id,
        begin=begin,
    )
    records = [begin]
    if rank is not None:
        records.append(encode_structural(Kind.RANK, {"t": now_ns(), **rank}))
    if fork_from is not None:
        record, next_step = _fork_record(fork_from, problems)
        records.append(record)
        run._next_step = next_step
    if role == "begin" and not is_new:
        withdraw(place, run_id)  # whoever asked this run to stop before did not mean its next beginning
    writer.append(b"".join(records))
    if params is not None:
        run.log_params(params)
    _attach(run, console=console, system_metrics=system_metrics)
    with run._guard("init"):
        _greet(run)
    return run


def join(run_id: str, project: str, name: str, store: str) -> Run:
    """Record into a run that another process has begun: how a run handed to a spawned process goes on there."""
    for run in current.open_runs():
        if run.id == run_id:
            return run
    place = Path(store)
    writer = JournalWriter(
        inbox_for(place), run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}"
    )
    problems = Problems(strict=_is_strict())
    begin = begin_record(role="join", project=project, problems=problems)
    run = Run(
        run_id=run_id,
        name=name,
        project=project,
        store=place,
        writer=writer,
        problems=problems,
        role="join",
        begin=begin,
    )
    writer.append(begin)
    _attach(run, console=False, system_metrics=False)
    return run


def _attach(run: Run, *, console: bool, system_metrics: bool | float) -> None:
    """Make a run current and have it looked after. Each part that fails is noted, and the run goes on without it."""
    current.make_current(run)
    exits.install()
    notebook.begun(run)
    sampler = facts = None
    with run._guard("init"):
        if system_metrics is not False and system_metrics is not None:
            interval_s = 10.0 if system_metrics is True else as_number(system_metrics) or 10.0
            sampler = Sampler(max(0.1, interval_s))
        facts = facts_here() if run._role == "begin" else None
    keeper.take_on(run, sampler=sampler, facts=facts)
    with run._guard("init"):
        if console:
            listen(run)


def _greet(run: Run) -> None:
    """Say once a process, to a person at a terminal, that something is recorded, and where."""
    global _greeted
    if not _greeted and is_terminal():
        tell(
            f"recording run {run.name!r} of project {run.project!r} into {run.store} (see it with: trackrecord ui)"
        )
    _greeted = True


def _end_previous(*, nested: bool) -> None:
    """End a run that was left open by a notebook cell run twice, or a loop that never calls ``finish``."""
    run = current.current_run()
    if run is not None and not nested and not run._entered and run._role != "join":
        run.finish()


def _fork_record(fork_from: Any, problems: Problems) -> tuple[bytes, int]:
    """Return the record of where a run forks off, and the step it goes on with when it names none."""
    from trackrecord.sdk.points import settle_step

    try:
        origin, given = fork_from
        step = settle_step(given, problems)
    except (TypeError, ValueError):
        step = None
    if step is None:
        problems.note(
            "bad_fork",
            f"fork_from={shown(fork_from)} can't be used; the run has no history",
            "give (run or its id, step)",
        )
        return b"", 0
    origin_id = origin.id if isinstance(origin, Run) else mend_key(as_text(origin))[0]
    record = encode_structural(Kind.FORK, {"t": now_ns(), "run": origin_id, "step": step})
    return record, max(0, int(step // 1) + 1) if step < 1 << 62 else 0
