"""One recorded run: its values, and its points as arrays."""

from __future__ import annotations

import html
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.tabular import Frame
from trackrecord.lifecycle import edits
from trackrecord.lifecycle.history import ChangeRecord, history_of_run
from trackrecord.lifecycle.recording import EditReport
from trackrecord.query.console import console_page
from trackrecord.query.media import media_page
from trackrecord.query.names import close_names
from trackrecord.query.run_detail import run_detail
from trackrecord.reading.editing import RunEditing
from trackrecord.reading.history import joined
from trackrecord.reading.run_table import one_line
from trackrecord.reading.stored_artifact import StoredArtifact
from trackrecord.reading.stored_media import StoredMedia
from trackrecord.reading.stored_metric import StoredMetric
from trackrecord.reading.stored_tables import RunPoints, StoredTable, stored_table
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.opening import once_taken_in, open_store, warn_of
from trackrecord.words.errors import NotFoundError, UsageError
from trackrecord.words.records import MediaSeries, MetricFigures, ProblemRecord, RunDetail, RunRecord
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_CONSOLE_PIECE = 10_000
#: more entries than any database of ours holds
_ALL = 2**62


def open_run(
    run: str | RunRecord, store: str | os.PathLike[str] | None = None, *, project: str | None = None
) -> StoredRun:
    """Open a recorded run, to read its points, console, artifacts and media.

    Args:
        run: its id, an unambiguous piece of it (4 characters or more), its name, or a row of `runs`.
        store: the store's folder, the same as in `runs` where the row is from; looked up as `init` does without.
        project: only look in this project, where runs of others have the same name.

    Raises:
        NotFoundError: there is no such run; AmbiguousError when several fit.
        UsageError: ``run`` is neither a text nor a row.
        StoreError: there is no store, or it can't be read.

    Example::

        best = tr.runs("val/accuracy > 0.9", order_by="-val/accuracy")[0]
        run = tr.open_run(best)
        frame = run.metric("val/accuracy").points().to_pandas()
    """
    wanted = run.id if isinstance(run, RunRecord) else run
    if not isinstance(wanted, str):
        raise UsageError(
            f"open_run can't open {one_line(repr(run))} of type {type(run).__name__}.",
            hint="Give a run's id, a piece of it, its name, or a row of tr.runs(...).",
        )
    opened = open_store(store, on_problem=warn_of)
    try:
        return StoredRun(opened, once_taken_in(opened, lambda: run_detail(opened, wanted, project)))
    except BaseException as error:
        opened.close()
        if isinstance(run, RunRecord) and isinstance(error, NotFoundError) and store is None:
            raise NotFoundError(
                f"The store {str(opened.path)!r} has no run {run.name!r} of id {run.id}.",
                hint="Give the store that it was read from, too: tr.open_run(row, store=...).",
            ) from None
        raise


class StoredRun(RunEditing):
    """A recorded run, as it was when it was opened; points and console are read when asked for.

    Closes its store with `close`, at the end of ``with``, or when nothing refers to it any more.
    """

    def __init__(self, store: Store, detail: RunDetail) -> None:
        #: the open store it is read from
        self.store = store
        self._closing = weakref.finalize(self, store.close)
        #: everything but points and console, as a value
        self.detail = detail

    @property
    def record(self) -> RunRecord:
        """The run as a row of a table."""
        return self.detail.record

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.id

    @property
    def name(self) -> str:
        """Its name, a label that other runs may have too."""
        return self.record.name

    @property
    def project(self) -> str:
        """The project it is in."""
        return self.record.project

    @property
    def experiment(self) -> str | None:
        """The experiment it belongs to."""
        return self.record.experiment

    @property
    def group(self) -> str | None:
        """The group it belongs to, such as the seeds of one setting."""
        return self.record.group

    @property
    def parent(self) -> str | None:
        """The id of the run that it is nested in."""
        return self.record.parent

    @property
    def state(self) -> RunState:
        """``finished``, ``failed``, ``running``, ``crashed``, ...: compares equal to the text."""
        return self.record.state

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.record.tags

    @property
    def notes(self) -> str | None:
        """Its note."""
        return self.record.notes

    @property
    def hypothesis(self) -> str | None:
        """What it was to show."""
        return self.record.hypothesis

    @property
    def created(self) -> datetime:
        """When it began, UTC."""
        return self.record.created

    @property
    def ended(self) -> datetime | None:
        """When it ended, UTC; None while it runs, and when it crashed."""
        return self.record.ended

    @property
    def duration_s(self) -> float:
        """Seconds from its creation to its end, or to now, or to the last sign of life when it crashed."""
        return self.record.duration_s

    @property
    def params(self) -> Mapping[str, Any]:
        """The params by name, nested ones dotted."""
        return self.record.params

    @property
    def summary(self) -> Mapping[str, Any]:
        """The summary values by name."""
        return self.record.summary

    @property
    def metrics(self) -> Mapping[str, MetricFigures]:
        """The figures of every metric by name: ``list(run.metrics)`` are the names, `metric` has the points."""
        return self.record.metrics

    @property
    def environment(self) -> Mapping[str, Any]:
        """What is known of its surroundings, by part: ``git``, ``python``, ``host``, ``process``, ``packages``."""
        return self.detail.environment

    @property
    def command(self) -> tuple[str, ...] | None:
        """The command line that started it, word by word."""
        return self.detail.command

    @property
    def exit_code(self) -> int | None:
        """The exit code of its process; None where it went on, or was not seen to end."""
        return self.record.exit_code

    @property
    def traceback(self) -> str | None:
        """The traceback of the error that ended it."""
        return self.detail.traceback

    @property
    def problems(self) -> tuple[ProblemRecord, ...]:
        """What the recorder met and counted while the run went on, such as values it could not keep."""
        return self.detail.problems

    @property
    def artifacts(self) -> tuple[StoredArtifact, ...]:
        """The artifact versions that it logged or used."""
        return tuple(StoredArtifact(self, record) for record in self.detail.artifacts)

    @property
    def media_series(self) -> tuple[MediaSeries, ...]:
        """What it logged that is no number, by key and kind; `media` has the entries of a key."""
        return self.detail.media

    def rename(self, name: str) -> EditReport:
        """Give the run another name. Raises UsageError for an empty one.

        Example::

            tr.open_run("quiet-river").rename("baseline")
        """
        return self._edit(edits.rename(name))

    def changes(self) -> list[ChangeRecord]:
        """Return what was changed of the run after the fact, the latest first: who, when, before, after."""
        return history_of_run(self.store, self.id)

    @contextmanager
    def _editing(self) -> Iterator[tuple[EmbeddedStore, Sequence[str]]]:
        if not isinstance(self.store, EmbeddedStore):
            raise UsageError("Only runs of a store in a folder can be changed so far.")
        yield self.store, [self.id]

    def _was_edited(self) -> None:
        self.detail = run_detail(self.store, self.id)

    def metric(self, name: str) -> StoredMetric:
        """Return one metric. Raises NotFoundError, with what was probably meant."""
        figures = self.metrics.get(name)
        if figures is None:
            raise self._no("metric", name, close_names(name, self.metrics))
        return StoredMetric(self, figures)

    def history(self, metrics: str | Sequence[str] | None = None) -> Frame:
        """Return several metrics side by side, a row per step: ``step``, ``time``, and a column of each metric's name.

        A metric that has no point at a step is missing there. Of several points at one step the last counts.

        Args:
            metrics: their names; without, all but the recorder's own ``system/...``.

        Raises NotFoundError, with what was probably meant, for a metric that the run does not have.

        Example::

            frame = tr.open_run("quiet-river").history(["loss", "val/loss"]).to_pandas()
        """
        names = [metrics] if isinstance(metrics, str) else metrics
        if names is None:
            names = [name for name in self.metrics if not name.startswith("system/")]
        return joined([self.metric(name).points() for name in names])

    def points(self, metrics: str | Sequence[str] | None = None) -> RunPoints:
        """Return points of all or some metrics as one long table: `RunTable.points`, of this run alone."""
        return RunPoints(lambda: nullcontext(self.store), [self.record], metrics)

    def table(self, name: str) -> StoredTable:
        """Return a table of this run, as an export has it: ``params``, ``metrics``, ``console``, ``media`` ...

        docs/export.md lists them with their columns. Raises NotFoundError for a name that is none.

        Example::

            tr.open_run("quiet-river").table("console").to_pandas()
        """
        return stored_table(lambda: nullcontext(self.store), name, [self.id])

    def artifact(self, name: str, version: int | None = None) -> StoredArtifact:
        """Return an artifact that the run logged or used, its newest version unless one is said.

        Raises NotFoundError, with what was probably meant.

        Example::

            tr.open_run("quiet-river").artifact("model.joblib").download("models")
        """
        found = [record for record in self.detail.artifacts if record.name == name]
        if not found:
            near = close_names(name, [record.name for record in self.detail.artifacts])
            raise self._no("artifact", name, near)
        fitting = [record for record in found if version is None or record.version == version]
        if not fitting:
            there = ", ".join(str(number) for number in sorted({record.version for record in found}))
            raise NotFoundError(
                f"Run {self.name!r} has no version {version} of artifact {name!r}.",
                hint=f"It has version {there}.",
            )
        return StoredArtifact(self, max(fitting, key=lambda record: record.version))

    def media(self, key: str) -> tuple[StoredMedia, ...]:
        """Return all that the run logged as ``key`` that is no number, ordered by step.

        Raises NotFoundError, with what was probably meant.

        Example::

            for sample in tr.open_run("quiet-river").media("samples"):
                print(sample.step, sample.caption, len(sample.read()))
        """
        keys = {series.key for series in self.detail.media}
        if key not in keys:
            raise self._no("image, text or the like called", key, close_names(key, keys))
        page = media_page(self.store, self.id, key, limit=_ALL)
        return tuple(StoredMedia(self, entry) for entry in page.entries)

    def console(self) -> str:
        """Return all that the run printed, as one text."""
        pieces: list[str] = []
        after = 0
        while True:
            page = console_page(self.store, self.id, after=after, limit=_CONSOLE_PIECE)
            if not page.lines:
                return "".join(pieces)
            pieces += [line.text for line in page.lines]
            after = page.next

    def close(self) -> None:
        """Close the store; what was read stays usable."""
        self._closing()

    def _no(self, thing: str, name: str, near: tuple[str, ...]) -> NotFoundError:
        return NotFoundError(
            f"Run {self.name!r} has no {thing} {name[:200]!r}.",
            hint=f"Did you mean {' or '.join(near)}?" if near else None,
            suggestions=near,
        )

    def __enter__(self) -> StoredRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self.record.in_one_line("StoredRun")

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line of `repr` and the values; every text of the run is escaped."""
        sections = {
            "params": self.params,
            "summary": self.summary,
            "metrics": {name: figures.last for name, figures in self.metrics.items()},
        }
        rows = "".join(
            f"<tr><td>{section}</td><td>{html.escape(name)}</td><td>{html.escape(one_line(value))}</td></tr>"
            for section, values in sections.items()
            for name, value in sorted(values.items())
            if not name.startswith("system/")
        )
        return f"<table><caption>{html.escape(repr(self))}</caption><tbody>{rows}</tbody></table>"
