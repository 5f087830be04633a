"""The live handle of a run: what training code calls."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackrecord.journal.clock import now_ns
from trackrecord.journal.format import Kind, dump_json, encode_structural
from trackrecord.journal.interruption import let_through
from trackrecord.journal.stop_requests import stop_request
from trackrecord.journal.writer import JournalWriter
from trackrecord.sdk.caller import user_name
from trackrecord.sdk.numbers import as_text
from trackrecord.sdk.params import Params
from trackrecord.sdk.problems import Problems, tell
from trackrecord.sdk.summary import Summary
from trackrecord.words.errors import TrackrecordError
from trackrecord.words.ids import short_id
from trackrecord.words.keys import mend_key

if TYPE_CHECKING:
    from types import TracebackType

    from trackrecord.sdk.media import Media

#: data values up to this many bytes of JSON lie in the record itself
LONGEST_INLINE_DATA = 64 << 10
#: of longer ones the middle is left out (in characters)
LONGEST_TRACEBACK = 200_000
#: greater whole steps are kept as fractional ones
GREATEST_STEP = (1 << 63) - 1


class Run:
    """One execution that is being recorded. Made by ``tr.init``; ends with ``finish`` or the end of its ``with`` block.

    No method raises because of a disk, a server or a value it can't take: such problems are counted, said once and
    shown on the run. With ``strict=True`` misuse raises UsageError. All methods may be called from any thread.

    >>> import trackrecord as tr
    >>> with tr.init("docs", params={"lr": 0.1}) as run:
    ...     run.log({"train/loss": 0.5})
    ...     run.summary["accuracy"] = 0.9
    """

    def __init__(
        self,
        *,
        run_id: str,
        name: str,
        project: str,
        store: Path,
        writer: JournalWriter,
        problems: Problems,
        role: str,
        parent: str | None = None,
        begin: bytes = b"",
    ) -> None:
        self.id = run_id
        self.project = project
        #: the folder of the store this run records into
        self.store = store
        #: id of the parent run, or None
        self.parent = parent
        #: results set by hand: ``run.summary["accuracy"] = 0.93``
        self.summary = Summary(self)
        self._name = name
        self._writer = writer
        self._problems = problems
        self._role = role
        self._begin = begin
        self._lock = threading.RLock()
        self._next_step = 0
        self._params = Params(self)
        self._settled_params: dict[str, Any] = {}
        self._ended = False
        self._stop_asked = False
        self._stop_seen = False
        self._next_look_for_stop = 0.0
        #: open ``with`` blocks, so that a second ``init`` does not end a run in use
        self._entered = 0

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The run's name, a label; ``id`` is what identifies it."""
        return self._name

    @property
    def url(self) -> str:
        """Address of the run's page, once ``trackrecord ui`` runs (``$TRACKRECORD_URL`` if it runs elsewhere)."""
        from urllib.parse import quote

        base = os.environ.get("TRACKRECORD_URL", "http://127.0.0.1:6061").rstrip("/")
        return f"{base}/p/{quote(self.project, safe='')}/r/{self.id}"

    @property
    def params(self) -> Params:
        """The params set so far, nested ones dotted; ``run.params["lr"] = 0.1`` records one."""
        return self._params

    @property
    def ended(self) -> bool:
        """Whether the run has ended in this process."""
        return self._ended

    @property
    def should_stop(self) -> bool:
        """Whether somebody asked this run to stop, in the page or by ``trackrecord stop``; noticed within a second.

        Nothing stops by itself: look at it where training can end well. A run that has seen True and then ends
        without an error is ``stopped``.

        >>> import trackrecord as tr
        >>> with tr.init("docs") as run:
        ...     for step in range(3):
        ...         run.log({"loss": 1.0})
        ...         if run.should_stop:
        ...             break
        """
        if not self._stop_asked:
            self._watch_for_stop()
        self._stop_seen = self._stop_seen or self._stop_asked
        return self._stop_asked

    def __repr__(self) -> str:
        return f"<Run {self.name!r} {short_id(self.id)} of project {self.project!r}>"

    # -- recording ----------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, Any], step: int | float | None = None) -> None:
        """Record values at one step: numbers become points of metrics, Image, Table, ... are kept as media.

        ``step`` is any finite number, whole or fractional, in any order; without it the call takes one more than
        the greatest whole step of this process so far, beginning with 0. Names nest by ``/``, as do nested dicts.
        When this returns, the values survive a kill of the process. NaN and infinities are kept.

        >>> import trackrecord as tr
        >>> with tr.init("docs") as run:
        ...     run.log({"train/loss": 0.5, "val": {"accuracy": 0.7}}, step=1)
        """
        try:
            with self._lock:
                if self._ended:
                    self._problems.note(
                        "ended", f"log() was called on the ended run {self.name!r}; nothing was kept"
                    )
                    return
                if step is None:
                    step = self._next_step
                elif type(step) is not int or not -GREATEST_STEP <= step <= GREATEST_STEP:
                    step = self._settled_step(step)
                # taken before anything is written: a signal handler that logs in between gets the next one
                if type(step) is int and self._next_step <= step < GREATEST_STEP:
                    self._next_step = step + 1
                try:
                    self._writer.append_row(values, step, now_ns())  # type: ignore[arg-type]
                except Exception as error:  # not a plain dict of numbers: look at each value
                    let_through(error)
                    self._log_unusual(values, step)
        except TrackrecordError:
            raise
        except Exception as error:  # whatever happens in here, training goes on
            let_through(error)
            self._problems.note(
                "internal", f"log() failed: {type(error).__name__}: {as_text(error)}", misuse=False
            )

    def log_image(
        self, key: str, image: Any, step: int | float | None = None, caption: str | None = None
    ) -> None:
        """Record a picture: bytes, a path, an array (height, width[, channels]), a PIL image or a figure."""
        self._log_media(key, step, lambda media: media.Image(image, caption))

    def log_text(self, key: str, text: str, step: int | float | None = None) -> None:
        """Record a text."""
        self._log_media(key, step, lambda media: media.Text(text))

    def log_figure(
        self, key: str, figure: Any, step: int | float | None = None, caption: str | None = None
    ) -> None:
        """Record a figure of matplotlib, plotly or altair, or the bytes or the path of a drawn one."""
        self._log_media(key, step, lambda media: media.Figure(figure, caption))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record params, nested ones dotted. A param never changes: a second value is kept as a conflict and shown."""
        with self._guard("log_params"):
            from trackrecord.sdk.numbers import shown
            from trackrecord.sdk.settled import as_mapping, readable, settle_all

            mapping = as_mapping(params)
            if mapping is None:
                self._problems.note(
                    "not_a_mapping",
                    f"params were given as {type(params).__name__}, not a dict: {shown(params)}; they were not kept",
                    'give a dict such as {"lr": 0.1}, a dataclass, or the namespace of argparse',
                )
                return
            settled: dict[str, Any] = {}
            for name, value, json in settle_all(mapping, "param", "unusual_param", self._problems):
                settled[name] = json
                if name in self._settled_params and self._settled_params[name] != json:
                    self._problems.note(
                        "param_conflict",
                        f"the param {name!r:.80} was set again to another value; both are kept",
                    )
                self._settled_params.setdefault(name, json)
                self._params.keep_first(name, readable(value, json))
            if settled:
                self._write_values(Kind.PARAMS, "params", settled)

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None, kind: str = "file") -> None:
        """Keep a file or a folder with the run, by its digest; equal bytes are stored once.

        The bytes are copied before this returns (by reference where the file system can), so the file may change
        afterwards. ``name`` is the file's own by default; ``kind`` is a word such as ``"model"`` or ``"data"``.
        """
        with self._guard("log_artifact"):
            from trackrecord.sdk.artifacts import keep_artifact

            keep_artifact(path, name, kind, self.store, self._write, self._problems)

    def define_metric(self, pattern: str, **contract: Any) -> None:
        """State a metric contract for the project; see ``tr.define_metric``."""
        with self._guard("define_metric"):
            from trackrecord.sdk.contracts import contract_fields

            self._write(Kind.CONTRACT, contract_fields(pattern, **contract))

    def define_experiment(self, name: str, **texts: str | None) -> None:
        """State an experiment's hypothesis, prediction, verdict or conclusion; see ``tr.define_experiment``."""
        with self._guard("define_experiment"):
            from trackrecord.sdk.contracts import experiment_fields

            self._write(Kind.EXPERIMENT, experiment_fields(name, **texts))

    def rewind(self, step: int | float) -> None:
        """Hide points of greater step recorded before now: training goes on from a checkpoint at ``step``."""
        with self._guard("rewind"), self._lock:
            from trackrecord.sdk.points import settle_step

            settled = settle_step(step, self._problems)
            if settled is not None:
                self._write(Kind.REWIND, {"step": settled})
                self._next_step = max(0, min(math.floor(settled), GREATEST_STEP - 1) + 1)

    # -- words about the run ------------------------------------------------------------------------------

    def rename(self, name: str) -> None:
        """Give the run another name."""
        with self._guard("rename"):
            self._name, reason = mend_key(as_text(name))
            if reason:
                self._problems.note("bad_name", f"rename: {reason}")
            self._change({"field": "name", "value": self._name})

    def set_notes(self, notes: str) -> None:
        """Replace the run's notes."""
        with self._guard("set_notes"):
            self._change({"field": "notes", "value": str(notes)})

    def add_tags(self, *tags: str) -> None:
        """Add labels to the run."""
        with self._guard("add_tags"):
            self._change({"field": "tags", "add": [str(tag) for tag in tags], "remove": []})

    def remove_tags(self, *tags: str) -> None:
        """Take labels off the run."""
        with self._guard("remove_tags"):
            self._change({"field": "tags", "add": [], "remove": [str(tag) for tag in tags]})

    def _change(self, fields: dict[str, Any]) -> None:
        self._write(Kind.CHANGE, {"who": user_name(), **fields})

    # -- the end ------------------------------------------------------------------------------------------

    def finish(
        self, state: str = "finished", *, exit_code: int | None = None, traceback: str | None = None
    ) -> None:
        """End the run. ``state`` is ``"finished"``, ``"failed"`` or ``"stopped"``. A second call does nothing.

        Returns at once: what is written is safe already, and the background thread syncs it to disk.
        """
        from trackrecord.sdk import console, current, keeper

        with self._guard("finish"):
            with self._lock:
                if self._ended:
                    return
                if self._role == "forked" and not self._writer.has_begun():
                    self._ended = True
                    current.forget(self)
                    console.leave(self)
                    return
                keeper.last_words(self)
                if state not in ("finished", "failed", "stopped"):
                    self._problems.note(
                        "bad_state", f"finish() does not know the state {state!r:.40}; 'failed' was recorded"
                    )
                    state = "failed"
                if self._stop_seen and state == "finished":
                    state = "stopped"
                self._problems.write(
                    lambda fields: self._writer.append(encode_structural(Kind.PROBLEM, fields))
                )
                traceback = None if traceback is None else _shown_traceback(traceback)
                self._write(Kind.FINISH, {"state": state, "exit_code": exit_code, "traceback": traceback})
                self._ended = True
            current.forget(self)
            console.leave(self)
            keeper.let_go(self)

    def __enter__(self) -> Run:
        self._entered += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        self._finish_with(error)

    def _finish_with(self, error: BaseException | None) -> None:
        """End the run as the exception that ends it says; None means well."""
        if error is None:
            self.finish()
        elif isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            self.finish("finished" if code == 0 else "failed", exit_code=code)
        else:
            from traceback import format_exception

            text = "".join(format_exception(type(error), error, error.__traceback__))
            state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
            self.finish(state, exit_code=130 if state == "stopped" else 1, traceback=text)

    def __reduce__(self) -> Any:
        # another process that is handed this run (multiprocessing, spawn) joins it with a writer of its own
        from trackrecord.sdk.start import join

        return join, (self.id, self.project, self._name, str(self.store))

    # -- inside -------------------------------------------------------------------------------------------

    def _write(self, kind: Kind, fields: dict[str, Any]) -> None:
        if self._ended:
            self._problems.note(
                "ended", f"the run {self.name!r} has ended; a {kind.name.lower()} record was not kept"
            )
            return
        fields = {"t": now_ns(), **fields}
        if kind in (Kind.PARAMS, Kind.SUMMARY):  # each value was cut by itself
            self._writer.append(encode_structural(kind, fields))
            return
        from trackrecord.sdk.fitting import fitting_record

        self._writer.append(fitting_record(kind, fields, self._problems))

    def _watch_for_stop(self) -> None:
        """Look for a request to stop where no background thread does, at most once a second."""
        from trackrecord.sdk import keeper

        now = time.monotonic()
        if now >= self._next_look_for_stop and not self._ended and not keeper.is_running():
            self._next_look_for_stop = now + keeper.BEAT_S
            with self._guard("should_stop"):
                self._look_for_stop()

    def _look_for_stop(self) -> None:
        """Look whether somebody asked this run to stop; say so, and keep it with the run, once."""
        try:
            request = stop_request(self.store, self.id)
        except OSError:
            return  # a store that does not answer now; there is a next time
        if request is None or self._stop_asked:
            return
        self._stop_asked = True
        if self._role == "begin":
            who = request.who or "somebody"
            self._writer.append_structural(
                Kind.CHANGE, {"field": "stop", "value": request.time, "who": request.who}
            )
            tell(f"{who} asked run {self._name!r} to stop")

    def _introduction(self) -> bytes:
        """Return records that say what this run is, for a segment that comes to lie apart from the others."""
        if not self._settled_params:
            return self._begin
        params = encode_structural(Kind.PARAMS, {"t": now_ns(), "params": self._settled_params})
        return self._begin + params

    def _write_values(self, kind: Kind, field: str, values: dict[str, Any]) -> None:
        """Write params or results, in several records where one would be longer than the format allows."""
        try:
            self._write(kind, {field: values})
        except ValueError as error:
            let_through(error)
            if len(values) < 2:
                raise
            items = list(values.items())
            self._write_values(kind, field, dict(items[: len(items) // 2]))
            self._write_values(kind, field, dict(items[len(items) // 2 :]))

    def _settled_step(self, step: Any) -> int | float:
        from trackrecord.sdk.points import settle_step

        settled = settle_step(step, self._problems)
        return self._next_step if settled is None else settled

    def _log_unusual(self, values: Any, step: int | float) -> None:
        from trackrecord.sdk.points import sort_values

        numbers, media = sort_values(values, self._problems)
        if numbers:
            self._writer.append_row(numbers, step, now_ns())
        for key, several in media.items():
            for value in several:
                with self._guard(f"log of {key!r:.80}"):
                    self._write_media(key, value, step)

    def _log_media(self, key: str, step: int | float | None, make: Any) -> None:
        with self._guard("log"):
            from trackrecord.sdk import media

            self.log({key: make(media)}, step=step)

    def _write_media(self, key: str, media: Media, step: int | float) -> None:
        from trackrecord.sdk.content import keep_content

        content, media_type, data = media.content, media.media_type, media.data
        if content is None and data is not None:
            text = dump_json(data)
            if len(text) > LONGEST_INLINE_DATA:
                content, media_type, data = text, "application/json", None
        digest = keep_content(content, self._writer, self.store) if content is not None else None
        self._write(
            Kind.MEDIA,
            {
                "key": key,
                "step": step,
                "kind": media.kind,
                "caption": None if media.caption is None else str(media.caption),
                "digest": digest,
                "media_type": media_type,
                "size": None if content is None else len(content),
                "data": data,
            },
        )

    def _guard(self, what: str) -> _Guard:
        return _Guard(self._problems, what)


class _Guard:
    """Turns every exception but strict misuse into a problem of the run: nothing in here raises into training."""

    def __init__(self, problems: Problems, what: str) -> None:
        self._problems = problems
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        let_through(error)
        if isinstance(error, TrackrecordError):
            if self._problems.strict:
                return False
            self._problems.note("bad_value", f"{self._what}: {error.message}", error.hint)
        elif isinstance(error, OSError):
            self._problems.note(
                "not_kept", f"{self._what}: it could not be kept: {as_text(error)}", misuse=False
            )
        else:
            self._problems.note(
                "internal", f"{self._what}: {type(error).__name__}: {as_text(error)}", misuse=False
            )
        return True


def _shown_traceback(text: str) -> str:
    """Return a traceback; of one that is far too long its beginning and its end, where the error is said."""
    if len(text) <= LONGEST_TRACEBACK:
        return text
    half = LONGEST_TRACEBACK // 2
    return f"{text[:half]}\n... ({len(text)} characters) ...\n{text[-half:]}"
