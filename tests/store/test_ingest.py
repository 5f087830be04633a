"""What the ingester does with each kind of inbox."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.store.journals import BEGAN, ELSEWHERE, GONE, SECOND, Journal, curve
from trackrecord.journal.blobfile import digest_of
from trackrecord.journal.format import FILE_HEADER, MAGIC, Kind, encode_content
from trackrecord.journal.process import this_process
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake import segment_intake
from trackrecord.store.intake.ingest import IngestReport, take_in
from trackrecord.words.states import RunState


def _taken(path: Path, *journals: Journal) -> tuple[EmbeddedStore, IngestReport]:
    for journal in journals:
        journal.put(path)
    store = EmbeddedStore.open(path)
    return store, take_in(store)


def _inbox(path: Path) -> list[str]:
    return sorted(file.name for file in (path / "inbox").iterdir())


def test_a_closed_segment_is_removed_once_it_is_taken_in(tmp_path: Path) -> None:
    """A finished run leaves no file in the inbox, and its row says how it ended."""
    store, report = _taken(tmp_path, curve())
    with store:
        assert (report.segments, report.removed, report.problems) == (1, 1, [])
        assert _inbox(tmp_path) == []
        assert store.catalog.rows("SELECT id, name, ended_state, points, last_step FROM run") == [
            ("run1", "name of run1", "finished", 10, 9.0)
        ]
        assert store.catalog.live_states() == {}


def test_a_segment_of_a_living_writer_stays(tmp_path: Path) -> None:
    """What a living process, or one on another machine, has not closed is never removed."""
    mine = Journal("mine", 1, process=this_process()).begin().log({"loss": 1.0}, 0)
    other = Journal("other", 2, process=ELSEWHERE).begin().log({"loss": 1.0}, 0)
    store, report = _taken(tmp_path, mine, other)
    with store:
        assert report.removed == 0
        assert len(_inbox(tmp_path)) == 2
        assert set(store.catalog.live_states().values()) == {RunState.RUNNING}


def test_a_segment_of_a_dead_writer_is_removed_with_its_torn_tail_reported(tmp_path: Path) -> None:
    """Half a record at the end of a dead writer's segment is counted, shown on the run, and the run has crashed."""
    journal = Journal(process=GONE).begin().log({"loss": 1.0}, 0).log({"loss": 2.0}, 1)
    torn = journal.bytes()[:-10]
    journal.segments[0] = [torn]
    store, report = _taken(tmp_path, journal)
    with store:
        assert report.removed == 1
        assert store.catalog.rows("SELECT points FROM run") == [(1,)]
        assert store.catalog.rows("SELECT damage FROM segment") == [(38,)]
        assert store.catalog.rows("SELECT code FROM problem") == [("damage",)]
        assert list(store.catalog.live_states().values()) == [RunState.CRASHED]


def test_an_empty_segment_goes_with_its_dead_writer_only(tmp_path: Path) -> None:
    """A file that was made just before a kill is removed; that of a living process waits."""
    dead = Journal("dead", 1, process=GONE).begin().log({"loss": 1.0}, 0)
    alive = Journal("alive", 2, process=this_process()).begin().log({"loss": 1.0}, 0)
    for journal in (dead, alive):
        journal.put(tmp_path).path(tmp_path, 1).touch()
    with EmbeddedStore.open(tmp_path) as store:
        assert [take_in(store).removed, take_in(store).removed] == [1, 1]  # first it learns who is dead
        assert take_in(store) == IngestReport()
    assert [name.split(".")[0] for name in _inbox(tmp_path)] == ["alive", "alive"]


def test_a_torn_tail_that_may_still_grow_is_no_damage(tmp_path: Path) -> None:
    """Half a record of a living writer is left alone, and is there when its other half arrives."""
    journal = Journal().begin().log({"loss": 1.0}, 0).log({"loss": 2.0}, 1)
    journal.put_part(tmp_path, 0, len(journal.bytes()) - 10)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT points, problems FROM run") == [(1, 0)]
        journal.put(tmp_path)
        take_in(store)
        assert store.catalog.rows("SELECT points, problems FROM run") == [(2, 0)]


def test_damage_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    """A flipped bit loses one row; what follows is taken in, and the loss is shown."""
    journal = Journal().begin()
    for step in range(10):
        journal.log({"loss": float(step)}, step)
    journal.finish()
    row = bytearray(journal.segments[0][6])
    row[30] ^= 4
    journal.segments[0][6] = bytes(row)
    store, report = _taken(tmp_path, journal)
    with store:
        assert report.removed == 1
        assert store.catalog.rows("SELECT points, problems FROM run") == [(9, 1)]


def test_records_that_a_newer_writer_marked_as_needed_stay_in_the_inbox(tmp_path: Path) -> None:
    """A journal with a kind that may not be skipped is taken in up to it, stays, and the report says why."""
    journal = (
        Journal().begin().log({"loss": 1.0}, 0).unknown(99, skippable=False).log({"loss": 2.0}, 1).finish()
    )
    store, report = _taken(tmp_path, journal)
    with store:
        assert "newer Trackrecord" in (report.problem or "")
        assert "kind 99" in (report.problem or "")
        assert len(_inbox(tmp_path)) == 1
        assert store.catalog.rows("SELECT points FROM run") == [(1,)]


def test_records_that_may_be_skipped_are(tmp_path: Path) -> None:
    """An unknown kind marked skippable keeps nothing from being taken in."""
    store, report = _taken(
        tmp_path, Journal().begin().unknown(99, skippable=True).log({"loss": 1.0}, 0).finish()
    )
    with store:
        assert report.problems == []
        assert _inbox(tmp_path) == []


def test_a_segment_for_newer_readers_is_left_alone(tmp_path: Path) -> None:
    """A segment whose header asks for a newer reader stays, named with both versions; others are taken in."""
    newer = Journal("new", 5).begin().finish()
    newer.segments[0][0] = FILE_HEADER.pack(MAGIC, 7, 8, 0)
    store, report = _taken(tmp_path, newer, curve())
    with store:
        assert "format 7" in (report.problem or "")
        assert "knows 1" in (report.problem or "")
        assert _inbox(tmp_path) == [newer.path(tmp_path).name]
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]


def test_files_that_are_no_journals_are_left_alone(tmp_path: Path) -> None:
    """Junk under a journal's name is reported and kept; other files are not even looked at."""
    junk = tmp_path / "inbox" / f"run9.{9:016x}.0.journal"
    junk.parent.mkdir(parents=True)
    junk.write_bytes(b"not a journal at all, but long enough")
    (tmp_path / "inbox" / "notes.txt").write_text("hello")
    store, report = _taken(tmp_path, curve())
    with store:
        assert "no journal" in (report.problem or "")
        assert _inbox(tmp_path) == ["notes.txt", junk.name]
        assert store.catalog.rows("SELECT count(*) FROM run") == [(1,)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    """Folders, pipes, devices and dead links under a journal's name are left alone, and the rest is taken in."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / f"a.{1:016x}.0.journal").mkdir()
    os.mkfifo(inbox / f"b.{1:016x}.0.journal")
    (inbox / f"c.{1:016x}.0.journal").symlink_to("/dev/zero")
    (inbox / f"d.{1:016x}.0.journal").symlink_to("nowhere")
    store, report = _taken(tmp_path, curve())
    with store:
        assert report.problems == []
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]


def test_a_file_that_may_not_be_read_does_not_hold_up_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment that the disk or another user keeps from us is named, and the rest is taken in."""
    locked = Journal("locked", 7).begin().finish()

    def refusing(path: str, *arguments: Any, **options: Any) -> Any:
        if "locked" in str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return open(path, *arguments, **options)  # noqa: PTH123

    # root may read everything, so the mode of the file would not do
    monkeypatch.setattr(segment_intake, "open", refusing, raising=False)
    store, report = _taken(tmp_path, locked, curve())
    with store:
        assert "can't be read: Permission denied" in (report.problem or "")
        assert _inbox(tmp_path) == [locked.path(tmp_path).name]
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]


def test_every_float_is_kept_exactly(tmp_path: Path) -> None:
    """NaN with its payload, infinities, subnormals and negative zero come back bit for bit; figures count them."""
    odd = struct.unpack("<d", struct.pack("<Q", 0x7FF8DEADBEEF0001))[0]
    values = [odd, float("inf"), float("-inf"), 5e-324, -0.0, 1.7976931348623157e308]
    journal = Journal().begin()
    for step, value in enumerate(values):
        journal.log({"x": value}, step)
    store, _ = _taken(tmp_path, journal.finish())
    with store:
        assert store.series.points("run1", "x").values.tobytes() == np.array(values).tobytes()
        assert store.catalog.rows("SELECT points, nonfinite, first, last, min, max FROM metric") == [
            (6, 3, None, 1.7976931348623157e308, 0.0, 1.7976931348623157e308)
        ]


def test_fractional_and_huge_steps_are_kept(tmp_path: Path) -> None:
    """Whole steps come back as int64, also the greatest ones; one fractional step makes them float64."""
    whole = Journal("whole", 1).begin().log({"x": 1.0}, 2**62).log({"x": 2.0}, -5).finish()
    half = Journal("half", 2).begin().log({"x": 1.0}, 1).log({"x": 2.0}, 1.5).finish()
    store, _ = _taken(tmp_path, whole, half)
    with store:
        assert store.series.points("whole", "x").steps.tolist() == [-5, 2**62]
        assert store.series.points("whole", "x").steps.dtype == np.int64
        assert store.series.points("half", "x").steps.tolist() == [1.0, 1.5]
        assert store.series.points("half", "x").steps.dtype == np.float64


def test_long_series_span_chunks(tmp_path: Path) -> None:
    """10,000 points that come in over several passes lie in full chunks, and come back in order."""
    journal = Journal().begin()
    for step in range(10_000):
        journal.log({"loss": step / 7}, step)
    whole = len(journal.bytes())
    with EmbeddedStore.open(tmp_path) as store:
        for part in range(1, 8):
            journal.put_part(tmp_path, 0, whole * part // 7)
            take_in(store)
        assert store.catalog.rows("SELECT points FROM axis_chunk ORDER BY n") == [(4096,), (4096,), (1808,)]
        points = store.series.points("run1", "loss")
        assert points.steps.tolist() == list(range(10_000))
        assert points.values.tolist() == [step / 7 for step in range(10_000)]
        before = store.catalog.rows("SELECT sum(length(vals)) FROM metric_chunk")[0][0]
        journal.finish().put(tmp_path)
        take_in(store)
        assert store.catalog.rows("SELECT sum(length(vals)) FROM metric_chunk")[0][0] < before
        assert store.series.points("run1", "loss").values.tolist() == points.values.tolist()


def test_params_the_first_holds_and_others_are_conflicts(tmp_path: Path) -> None:
    """Of two writers' values the earlier one holds, whichever is taken in first; the other is kept beside it."""
    late = Journal("run1", 1, time=BEGAN + SECOND).begin().say(Kind.PARAMS, params={"lr": 0.2}).finish()
    early = Journal("run1", 2).begin("join").say(Kind.PARAMS, params={"lr": 0.1}).finish()
    store, _ = _taken(tmp_path, late)
    with store:
        assert store.catalog.rows("SELECT number FROM param") == [(0.2,)]
        early.put(tmp_path)
        take_in(store)
        assert store.catalog.rows("SELECT number FROM param") == [(0.1,)]
        assert store.catalog.rows("SELECT key, value FROM param_conflict") == [("lr", "0.2")]


def test_every_kind_of_value_is_kept(tmp_path: Path) -> None:
    """Params of any kind keep their exact JSON, and a number or a text to search by."""
    params = {
        "i": 3, "f": 0.5, "b": True, "t": "adam", "n": None, "l": [64, 32], "nan": {"$float": "NaN"},
        "inf": {"$float": "-Infinity"}, "huge": {"$int": str(10**400)}, "r": {"$repr": "<x>", "type": "m.X"},
    }  # fmt: skip
    store, _ = _taken(tmp_path, Journal().begin().say(Kind.PARAMS, params=params).finish())
    with store:
        found = {key: rest for key, *rest in store.catalog.rows("SELECT key, kind, number, text FROM param")}
    assert found == {
        "i": ["int", 3.0, None], "f": ["float", 0.5, None], "b": ["bool", 1.0, None], "t": ["text", None, "adam"],
        "n": ["none", None, None], "l": ["json", None, None], "nan": ["float", None, None],
        "inf": ["float", float("-inf"), None], "huge": ["int", float("inf"), None], "r": ["text", None, "<x>"],
    }  # fmt: skip


def test_artifact_versions_are_consecutive(tmp_path: Path) -> None:
    """Each new content of a name is the next version; content that is there already is that version."""
    digests = [f"sha256:{number:064x}" for number in (1, 2, 1, 3)]
    for number, digest in enumerate(digests):
        journal = Journal(f"run{number}", number + 1, time=BEGAN + number * SECOND).begin()
        journal.say(Kind.ARTIFACT, name="model", digest=digest, size=7, relation="logged",
                    files=[{"path": "m.bin", "digest": digest, "size": 7}])  # fmt: skip
        journal.finish().put(tmp_path)
    store, _ = _taken(tmp_path)
    with store:
        assert store.catalog.rows("SELECT version, digest FROM artifact ORDER BY version") == [
            (1, digests[0]),
            (2, digests[1]),
            (3, digests[3]),
        ]
        assert store.catalog.rows("SELECT count(*) FROM run_artifact") == [(4,)]


def test_contents_become_blobs(tmp_path: Path) -> None:
    """Bytes that came through the journal can be read by their digest; bytes under a wrong digest are refused."""
    good, bad = b"hello" * 100, b"other"
    journal = Journal().begin()
    journal.raw(encode_content(bytes.fromhex(digest_of(good)[7:]), good))
    journal.raw(encode_content(bytes(32), bad))
    store, _ = _taken(tmp_path, journal.finish())
    with store:
        assert b"".join(store.blobs.read(digest_of(good))) == good
        assert store.blobs.path("sha256:" + "0" * 64) is None
        assert store.catalog.rows("SELECT code FROM problem") == [("content",)]


def test_what_was_redacted_is_gone(tmp_path: Path) -> None:
    """A redaction takes the content away, also content that arrives after it, and an audit row says so."""
    secret = Journal("run1", 1).begin().say(Kind.PARAMS, params={"token": "s3cret", "lr": 0.1})
    redaction = Journal("run1", 2, time=BEGAN + SECOND).begin("join")
    redaction.say(Kind.REDACTION, who="ada", what="param", key="token", reason="a password")
    store, _ = _taken(tmp_path, redaction.finish())
    with store:
        secret.finish().put(tmp_path)
        take_in(store)
        assert store.catalog.rows("SELECT key FROM param") == [("lr",)]
        assert store.catalog.rows("SELECT who, change FROM audit") == [("ada", "redact")]


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_records_with_nonsense_inside_raise_nothing(tmp_path: Path) -> None:
    """Fields of the wrong type, or missing, or with lone surrogates, keep nothing else from being taken in."""
    journal = Journal().begin(name=3, tags="no list", command={"a": 1})
    for kind in Kind:
        if kind not in (Kind.ROW, Kind.CONTENT, Kind.SEGMENT, Kind.CLOSE, Kind.BEGIN, Kind.FINISH):
            journal.say(kind, t="never", params=[1], key=7, step={"$float": "x"}, name=[], files=3, keys=5)
            journal.say(kind)
    journal.say(Kind.PARAMS, params={"ok": 1, "odd": {"$int": "many"}})
    journal.say(Kind.CHANGE, field="notes", value="\ud800 lone")
    journal.say(Kind.COLUMNS, id=900, keys=[{"$float": "x"}, 3, None])
    journal.say(Kind.PARAMS, params={"deep": _nested(900)})
    journal.raw(encode_content(b"", b"")).log({"loss": 1.0}, 0)
    store, report = _taken(tmp_path, journal.finish())
    with store:
        assert report.problems == []
        assert store.catalog.rows("SELECT points, ended_state FROM run") == [(1, "finished")]
        assert store.catalog.rows("SELECT kind FROM param WHERE key = 'ok'") == [("int",)]


def test_a_limit_stops_a_pass_and_the_next_one_goes_on(tmp_path: Path) -> None:
    """With a limit each pass takes in about so many bytes; in the end all is there."""
    for number in range(10):
        curve(f"run{number}", number + 1).put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        passes = [take_in(store, limit=1) for _ in range(11)]
        assert [report.segments for report in passes] == [1] * 10 + [0]
        assert store.catalog.rows("SELECT count(*) FROM run") == [(10,)]


def test_progress_is_told_between_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told as done is committed: others see it, and could write themselves at that moment."""
    monkeypatch.setattr("trackrecord.store.intake.ingest._GROUP_BYTES", 1)
    for number in range(5):
        curve(f"run{number}", number + 1).put(tmp_path)
    told = []
    with EmbeddedStore.open(tmp_path) as store, EmbeddedStore.open(tmp_path) as other:

        def on_progress(done: int, total: int) -> None:
            with other.connections.writing(0.0) as connection:
                runs = connection.execute("SELECT count(*) FROM run").fetchone()[0]
            told.append((done, total, runs))

        assert take_in(store, on_progress=on_progress).problems == []
        assert told == [(done, 5, done) for done in range(6)]
        assert take_in(store, on_progress=on_progress).problems == []
        assert len(told) == 6


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_inbox_costs_no_write(tmp_path: Path, there: bool) -> None:
    """A pass with nothing to do changes no revision, with an inbox or without."""
    with EmbeddedStore.open(tmp_path) as store:
        if not there:
            (tmp_path / "inbox").rmdir()
        assert not take_in(store).changed
        assert store.catalog.revision() == 0


def test_what_a_dead_newer_writer_left_is_looked_at_without_a_change(tmp_path: Path) -> None:
    """A journal that stays in the inbox because it is too new makes no new revision with every pass."""
    journal = Journal(process=GONE).begin().unknown(99, skippable=False)
    store, report = _taken(tmp_path, journal)
    with store:
        revision = store.catalog.revision()
        assert report.changed
        for _ in range(3):
            assert "newer Trackrecord" in (take_in(store).problem or "")
        assert store.catalog.revision() == revision
        assert len(_inbox(tmp_path)) == 1


def test_a_live_run_writes_little_again_with_every_pass(tmp_path: Path) -> None:
    """Rows that come a few at a time lie in a small chunk behind the great one, and are one packed chunk in the end."""
    journal = Journal().begin()
    with EmbeddedStore.open(tmp_path) as store:
        sizes = []
        for logged in range(0, 1500, 50):
            for step in range(logged, logged + 50):
                journal.log({"loss": step / 7}, step)
            journal.put(tmp_path)
            take_in(store)
            sizes.append(
                [points for (points,) in store.catalog.rows("SELECT points FROM axis_chunk ORDER BY n")]
            )
            assert store.series.points("run1", "loss").values.tolist() == [
                step / 7 for step in range(logged + 50)
            ]
        assert max(len(chunks) for chunks in sizes) == 2
        assert sum(chunks[-1] < 300 for chunks in sizes) > 20
        journal.finish().put(tmp_path)
        take_in(store)
        assert store.catalog.rows("SELECT points, length(steps) < 100 FROM axis_chunk") == [(1500, 1)]
        assert store.catalog.rows("SELECT count(*) FROM metric_chunk") == [(1,)]
        assert store.series.points("run1", "loss").values.tolist() == [step / 7 for step in range(1500)]


def test_an_unclosed_segment_stays_even_with_a_later_one(tmp_path: Path) -> None:
    """What a living writer gave up without closing it is not removed, however long ago that was (J6)."""
    journal = Journal(process=this_process()).begin().log({"loss": 1.0}, 0)
    journal._open()
    journal.log({"loss": 2.0}, 1).put(tmp_path)
    for n in (0, 1):
        os.utime(journal.path(tmp_path, n), ns=(BEGAN, BEGAN))
    store, report = _taken(tmp_path)
    with store:
        assert (report.removed, report.problems) == (0, [])
        assert take_in(store).removed == 0
        assert len(_inbox(tmp_path)) == 2
        assert store.series.points("run1", "loss").values.tolist() == [1.0, 2.0]


def test_a_damaged_length_hides_nothing_behind_it(tmp_path: Path) -> None:
    """A record whose length was hit and reaches beyond the end is damage once the segment is quiet."""
    journal = Journal(process=this_process()).begin()
    for step in range(10):
        journal.log({"loss": float(step)}, step)
    hit = bytearray(journal.segments[0][5])
    hit[12:16] = (60 << 20).to_bytes(4, "little")
    journal.segments[0][5] = bytes(hit)
    journal.finish().put(tmp_path)
    store, _ = _taken(tmp_path)
    with store:
        assert store.catalog.rows("SELECT ended_state FROM run") == [(None,)], "it may still be written"
        os.utime(journal.path(tmp_path), ns=(BEGAN, BEGAN))

        assert take_in(store).removed == 1

        assert store.catalog.rows("SELECT ended_state FROM run") == [("finished",)]
        assert len(store.series.points("run1", "loss").values) == 9
        assert store.catalog.rows("SELECT code FROM problem") == [("damage",)]


def test_a_runs_hypothesis_gives_way_to_its_experiments(tmp_path: Path) -> None:
    """The first run's hypothesis stands for its experiment's only until the experiment is given one, in any order."""
    run = Journal("run1", 1, time=BEGAN + SECOND).begin(experiment="depth", hypothesis="of the run")
    said = Journal("run2", 2, time=BEGAN).begin(experiment="depth")
    said.say(Kind.EXPERIMENT, name="depth", hypothesis="of the experiment")
    for number, journals in enumerate(([run], [run, said], [said, run])):
        store, _ = _taken(tmp_path / str(number), *journals)
        with store:
            (found,) = store.catalog.rows("SELECT hypothesis FROM experiment")
        assert found == ("of the run" if number == 0 else "of the experiment",)
