"""Beginning a run, and joining one from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trackrecord.journal.format import Kind, encode_structural
from trackrecord.journal.place import INBOX, fallback_stores, find_store, make_store
from trackrecord.journal.segments import NO_RUN
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk import current, keeper
from trackrecord.sdk.beginning import begin_record
from trackrecord.sdk.contracts import contract_fields, experiment_fields
from trackrecord.sdk.names import random_name
from trackrecord.sdk.numbers import as_number
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.run import Run
from trackrecord.sdk.version import VERSION
from trackrecord.words.errors import TrackrecordError
from trackrecord.words.ids import is_usable_run_id, new_run_id, new_writer_id
from trackrecord.words.keys import mend_key

#: the variables in which launchers say which of several processes this is
_RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_RANK_VARIABLES = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID")
_WORLD_SIZE_VARIABLES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


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
    if strict is None:
        strict = os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0")
    problems = Problems(strict=strict)
    mode = mode or os.environ.get("TRACKRECORD_MODE") or "online"
    if mode not in ("online", "offline", "disabled"):
        problems.note(
            "bad_mode",
            f"the mode {mode!r:.40} does not exist; the run is recorded",
            'give "online", "offline" or "disabled"',
        )
    if mode == "disabled":
        from trackrecord.sdk.disabled import DisabledRun

        run: Run = DisabledRun(str(project or "default"), name, problems)
        current.make_current(run)
        if params is not None:
            run.log_params(params)
        return run

    _end_previous(nested=parent is not None)
    run_id, rank, role = _identity(id, problems)
    project = _settled_project(project, problems)
    place = _usable_store(store, problems)
    writer = JournalWriter(
        str(place / INBOX), run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}"
    )
    run_name = str(name) if name else random_name()
    parent_id = parent.id if isinstance(parent, Run) else str(parent) if parent else None
    run = Run(
        run_id=run_id,
        name=run_name,
        project=project,
        store=place,
        writer=writer,
        problems=problems,
        role=role,
        parent=parent_id,
    )
    begins = role == "begin"
    records = [
        begin_record(
            role=role,
            project=project,
            name=run_name if begins or name else None,
            group=group,
            experiment=experiment,
            parent=parent_id,
            tags=tags,
            notes=notes,
            hypothesis=hypothesis,
        )
    ]
    if rank is not None:
        records.append(encode_structural(Kind.RANK, {"t": time.time_ns(), **rank}))
    if fork_from is not None:
        records.append(_fork_record(fork_from, problems))
    writer.append(b"".join(records))
    if params is not None:
        run.log_params(params)
    if experiment is not None and hypothesis is not None:
        run.define_experiment(str(experiment), hypothesis=hypothesis)
    _attach(run, console=console, system_metrics=system_metrics)
    return run


def join(run_id: str, project: str, name: str, store: str) -> Run:
    """Record into a run that another process has begun: how a run handed to a spawned process goes on there."""
    for run in current.open_runs():
        if run.id == run_id:
            return run
    place = Path(store)
    writer = JournalWriter(
        str(place / INBOX), run_id, new_writer_id(), project=project, made_by=f"trackrecord {VERSION}"
    )
    strict = os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0")
    run = Run(
        run_id=run_id,
        name=name,
        project=project,
        store=place,
        writer=writer,
        problems=Problems(strict=strict),
        role="join",
    )
    writer.append(begin_record(role="join", project=project))
    _attach(run, console=False, system_metrics=False)
    return run


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
    _about_project(Kind.CONTRACT, lambda: contract_fields(pattern, **contract), project, store)


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
    _about_project(Kind.EXPERIMENT, lambda: experiment_fields(name, **texts), project, store)


def _about_project(
    kind: Kind, make_fields: Any, project: str | None, store: str | os.PathLike[str] | None
) -> None:
    """Write one record about a project while no run of it is open, in a journal of its own."""
    strict = os.environ.get("TRACKRECORD_STRICT", "") not in ("", "0")
    problems = Problems(strict=strict)
    try:
        fields = make_fields()
        settled = _settled_project(project, problems)
        place = _usable_store(store, problems)
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


def _attach(run: Run, *, console: bool, system_metrics: bool | float) -> None:
    from trackrecord.sdk import console as console_module
    from trackrecord.sdk import exits
    from trackrecord.sdk.facts import facts_here
    from trackrecord.sdk.sampler import Sampler

    exits.install()
    current.make_current(run)
    sampler = None
    if system_metrics is not False and system_metrics is not None:
        interval_s = 10.0 if system_metrics is True else as_number(system_metrics) or 10.0
        sampler = Sampler(max(0.1, interval_s))
    keeper.take_on(run, sampler=sampler, facts=facts_here() if run._role == "begin" else None)
    if console:
        console_module.listen(run)


def _end_previous(*, nested: bool) -> None:
    """End a run that was left open by a notebook cell run twice, or a loop that never calls ``finish``."""
    run = current.current_run()
    if run is not None and not nested and not run._entered and run._role != "join":
        run.finish()


def _identity(given: str | None, problems: Problems) -> tuple[str, dict[str, Any] | None, str]:
    """Return the run's id, this process' rank if a launcher says so, and the writer's role."""
    run_id = given or os.environ.get("TRACKRECORD_RUN_ID")
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
        return run_id, rank, "join"
    return run_id or new_run_id(), rank, "begin"


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


def _settled_project(project: Any, problems: Problems) -> str:
    project = project or os.environ.get("TRACKRECORD_PROJECT") or "default"
    name, reason = mend_key(project)
    if name in (".", ".."):  # no address of a page can hold them
        name, reason = "unnamed", f"the name {name!r} was kept as 'unnamed'"
    if reason:
        problems.note("bad_project", f"project: {reason}")
    return name


def _usable_store(wanted: str | os.PathLike[str] | None, problems: Problems) -> Path:
    """Return a store that can be written to: the wanted one, else a fallback, which is said and noted."""
    try:
        place = find_store(_store_given(wanted, problems))
    except OSError:  # the working folder was removed
        place = fallback_stores()[0]
    try:
        _make_ready(place)
        return place
    except OSError as error:
        first_error = error
    for fallback in fallback_stores():
        try:
            _make_ready(fallback)
        except OSError:
            continue
        problems.note(
            "fallback_store",
            f"{place} can't be written to ({first_error.strerror or first_error}); recording into {fallback} instead",
            f"see it with: trackrecord --store {fallback} ls",
            misuse=False,
        )
        return fallback
    problems.note(
        "no_store", f"nothing can be written anywhere ({first_error}); records stay in memory", misuse=False
    )
    return place


def _store_given(wanted: Any, problems: Problems) -> str | None:
    try:
        path = None if wanted is None else os.fsdecode(wanted)
        if path is None or "\x00" not in path:
            return path
    except TypeError:
        pass
    problems.note(
        "bad_store",
        f"the store {wanted!r:.80} is no path; the usual one was taken",
        "give the path of a folder",
    )
    return None


def _make_ready(place: Path) -> None:
    """Make sure that a store is there and takes new files: one look where all is well."""
    inbox = place / INBOX
    if not (place / "store.json").exists() or not inbox.is_dir():
        make_store(place)
    if not os.access(inbox, os.W_OK | os.X_OK):
        raise PermissionError(13, "no permission to write", str(inbox))
    # a read-only file system lets root through os.access on some systems: only making a file tells
    probe = inbox / f".{os.getpid()}.{os.urandom(4).hex()}.probe"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(probe)


def _fork_record(fork_from: tuple[Run | str, int | float], problems: Problems) -> bytes:
    try:
        origin, step = fork_from
        step = float(step) if not isinstance(step, int) else step
    except (TypeError, ValueError):
        problems.note(
            "bad_fork",
            f"fork_from={fork_from!r:.80} can't be used; the run has no history",
            "give (run or its id, step)",
        )
        return b""
    origin_id = origin.id if isinstance(origin, Run) else str(origin)
    return encode_structural(Kind.FORK, {"t": time.time_ns(), "run": origin_id, "step": step})
