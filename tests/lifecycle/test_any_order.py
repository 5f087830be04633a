"""Edits against a model: whatever the order, the repetition and the interruptions, the store says what it says."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.store.journals import BEGAN, SECOND, Journal
from trackrecord.journal.format import Kind
from trackrecord.journal.segments import parse_segment_name
from trackrecord.lifecycle.edit_journal import put_journal
from trackrecord.store.audit import read_value, tags_after
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

RUNS = ["run1", "run2", "run3"]
TAGS = ["a", "b", "c"]

_tags = st.lists(st.sampled_from(TAGS), unique=True, max_size=2)
EDITS = st.one_of(
    st.tuples(st.just("name"), st.fixed_dictionaries({"value": st.sampled_from(["x", "y"])})),
    st.tuples(st.just("notes"), st.fixed_dictionaries({"value": st.sampled_from([None, "n", "m"])})),
    st.tuples(st.just("group"), st.fixed_dictionaries({"value": st.sampled_from([None, "g"])})),
    st.tuples(st.just("project"), st.fixed_dictionaries({"value": st.sampled_from(["digits", "other"])})),
    st.tuples(st.sampled_from(["archived", "deleted"]), st.fixed_dictionaries({"value": st.booleans()})),
    st.tuples(
        st.just("tags"),
        st.one_of(
            st.fixed_dictionaries({"value": _tags}), st.fixed_dictionaries({"add": _tags, "remove": _tags})
        ),
    ),
)
#: what the run was recorded with
FIRST: dict[str, Any] = {
    "name": "first",
    "notes": None,
    "group": None,
    "project": "digits",
    "archived": False,
    "deleted": False,
    "tags": ["a"],
}


class Edits(RuleBasedStateMachine):
    """Two editors write journals at times of their own; they arrive late, twice, and in any order."""

    @initialize()
    def record(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path, self.sent = self.folder / "store", self.folder / "sent"
        self.sent.mkdir()
        self.store = EmbeddedStore.open(self.path)
        for at, run in enumerate(RUNS[:2]):  # the third comes later than what is said of it
            self._recorded(run, at).put(self.path)
        take_in(self.store)
        #: (time, writer, place, run, field, said) of every edit
        self.said: list[tuple[int, str, int, str, str, dict[str, Any]]] = []

    @staticmethod
    def _recorded(run: str, at: int) -> Journal:
        return Journal(run, 10 + at).begin(name="first", tags=["a"]).log({"loss": 1.0}, 0).finish()

    @rule(
        runs=st.lists(st.sampled_from(RUNS), unique=True, min_size=1),
        edits=st.lists(EDITS, min_size=1, max_size=2),
        time=st.integers(1, 40),
        wait=st.booleans(),
    )
    def edit(self, runs: list[str], edits: list[tuple[str, Any]], time: int, wait: bool) -> None:
        """An editor writes a journal; it lies in the inbox, or is still on its way."""
        at = BEGAN + 100 * SECOND + time
        records = [
            (Kind.CHANGE, {"who": "ada", "runs": runs, "field": field, **said}) for field, said in edits
        ]
        path = put_journal(self.sent if wait else self.store.inbox, at, records)
        if not wait:
            shutil.copyfile(path, self.sent / path.name)
        name = parse_segment_name(path.name)
        assert name is not None
        self.said += [
            (at, name.writer, place, run, field, said)
            for place, (field, said) in enumerate(edits)
            for run in runs
        ]

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        """A journal arrives, perhaps again."""
        found = sorted(self.sent.iterdir())
        if found:
            path = data.draw(st.sampled_from(found))
            shutil.copyfile(path, self.store.inbox / path.name)

    @rule()
    def take(self) -> None:
        """Somebody takes in the inbox."""
        assert take_in(self.store).problems == []

    @rule()
    def reopen(self) -> None:
        """The process ends, and another one opens the store."""
        self.store.close()
        self.store = EmbeddedStore.open(self.path)

    @invariant()
    def nothing_is_half_done(self) -> None:
        """What a row says is what its last change says."""
        if not hasattr(self, "store"):
            return
        for run, name, after in self.store.catalog.rows(
            "SELECT r.id, r.name, (SELECT after FROM audit WHERE run = r.id AND change = 'name'"
            " ORDER BY time DESC, writer DESC, place DESC LIMIT 1) FROM run r"
        ):
            assert name == (after or "first"), run

    def teardown(self) -> None:
        """When everything has arrived, and much of it twice, the store is as the model."""
        if not hasattr(self, "store"):
            return
        for path in self.sent.iterdir():
            shutil.copyfile(path, self.store.inbox / path.name)
        take_in(self.store)
        self._recorded(RUNS[2], 2).put(self.path)
        report = take_in(self.store)
        assert report.problems == []
        assert list(self.store.inbox.iterdir()) == []
        for run in RUNS:
            fields, changes = self._model(run)
            assert self._held(run) == fields
            assert self._audited(run) == changes
        self.store.close()
        shutil.rmtree(self.folder)

    def _model(self, run: str) -> tuple[dict[str, Any], list[Any]]:
        fields, changes = dict(FIRST), []
        for _, _, _, of, field, said in sorted(self.said, key=lambda each: each[:3]):
            if of == run:
                before = fields[field]
                fields[field] = tags_after(before, said) if field == "tags" else said["value"]
                changes.append((field, before, fields[field]))
        return fields, changes

    def _held(self, run: str) -> dict[str, Any]:
        rows = self.store.catalog.rows
        (row,) = rows(
            "SELECT r.name, notes, group_name, p.name, archived IS NOT NULL, deleted IS NOT NULL"
            " FROM run r JOIN project p ON p.number = r.project WHERE id = ?",
            (run,),
        )
        tags = rows(
            "SELECT t.name FROM tag t JOIN run r ON r.number = t.run WHERE r.id = ? ORDER BY 1", (run,)
        )
        return dict(zip(FIRST, (*row[:4], bool(row[4]), bool(row[5]), [tag for (tag,) in tags]), strict=True))

    def _audited(self, run: str) -> list[Any]:
        found = self.store.catalog.rows(
            "SELECT change, before, after FROM audit WHERE run = ? ORDER BY time, writer, place", (run,)
        )
        return [
            (field, read_value(field, before), read_value(field, after)) for field, before, after in found
        ]


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
