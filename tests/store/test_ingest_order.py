"""Invariant J7: any split, order, repetition or interruption of the inbox leaves the same store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.dump import dump
from tests.store.journals import BEGAN, ELSEWHERE, GONE, Journal
from trackrecord.journal.blobfile import digest_of
from trackrecord.journal.format import RETRIED, Kind, encode_content
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

_numbers = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1e308, -1e308, 1.5])
_steps = st.integers(0, 12) | st.floats(0, 12).map(lambda step: round(step * 4) / 4)
_keys = st.sampled_from([("loss",), ("loss", "val/acc"), ("val/acc", "loss"), ("é", "loss", "x")])


@st.composite
def _journals(draw: st.DrawFn, process: dict[str, Any]) -> list[Journal]:
    """Draw the journals of two runs with one to three writers each, which do all a journal can do."""
    journals = []
    for run in ("run1", "run2"):
        for writer in range(draw(st.integers(1, 3))):
            number = writer + (10 if run == "run1" else 20)
            journal = Journal(run, number, time=BEGAN + draw(st.integers(0, 40)) * 7, process=process)
            if writer == 0:
                journal.begin(
                    name=f"first of {run}", tags=["a"], command=["train.py"], notes="n", experiment="depth"
                )
            else:
                journal.begin("join", tags=[f"rank {writer}"], name="from a join" if writer == 2 else None)
                journal.say(Kind.RANK, rank=writer, local_rank=None, world_size=3)
            for _ in range(draw(st.integers(0, 12))):
                _do_something(draw, journal, number)
            if draw(st.booleans()):
                journal.finish(draw(st.sampled_from(["finished", "failed", "stopped"])), exit_code=number)
            journals.append(journal)
    return journals


def _do_something(draw: st.DrawFn, journal: Journal, number: int) -> None:  # noqa: C901 - a list of cases
    act = draw(st.integers(0, 18))
    if act <= 6:
        keys = draw(_keys)
        flags = RETRIED if draw(st.integers(0, 5)) == 0 else 0
        at = draw(st.none() | st.integers(BEGAN, BEGAN + 300))
        journal.log({key: draw(_numbers) for key in keys}, draw(_steps), at, flags=flags)
        if draw(st.integers(0, 5)) == 0:  # many, so that chunks fill
            for step in range(draw(st.sampled_from([60, 300, 5000]))):
                journal.log(dict.fromkeys(keys, step / 7), step)
    elif act == 7:
        journal.rotate()
    elif act == 8:
        journal.say(
            Kind.PARAMS, params={"lr": draw(st.sampled_from([0.1, 0.2, {"$float": "NaN"}])), "seed": 1}
        )
    elif act == 9:
        journal.say(Kind.SUMMARY, summary={"best": draw(st.integers(0, 3))})
    elif act == 10:
        journal.say(Kind.REWIND, step=draw(_steps))
    elif act == 11:
        change = draw(st.sampled_from([{"value": ["x", "a"]}, {"add": ["b"]}, {"remove": ["a", "b"]}]))
        journal.say(Kind.CHANGE, who="ada", field="tags", **change)
    elif act == 12:
        journal.say(
            Kind.CHANGE, who="ada", field=draw(st.sampled_from(["name", "notes", "group"])), value=f"{number}"
        )
    elif act == 13:
        journal.say(Kind.CONSOLE, stream="stdout", text=f"line of {number} at {journal.time}\n")
    elif act == 14:
        content = bytes([number]) * 100
        journal.raw(encode_content(bytes.fromhex(digest_of(content)[7:]), content))
        journal.say(Kind.MEDIA, key="samples", step=1, kind="image", digest=digest_of(content), data=None)
    elif act == 15:
        digest = digest_of(b"m" * draw(st.integers(0, 2)))
        journal.say(Kind.ARTIFACT, name="model", kind="model", digest=digest, size=3, relation="logged",
                    files=[{"path": "m", "digest": digest, "size": 3}])  # fmt: skip
    elif act == 16:
        journal.say(Kind.EXPERIMENT, name="depth", hypothesis=f"said by {number}", conclusion=None)
        journal.say(Kind.CONTRACT, pattern="loss", goal=draw(st.sampled_from(["max", "min"])), primary=True)
    elif act == 17:
        journal.say(Kind.FACTS, part="python", value={"version": f"3.{number}"}, digest=None)
        journal.say(Kind.PROBLEM, code="nan", message="a NaN", count=draw(st.integers(1, 5)))
    else:
        journal.say(Kind.FORK, run="run1", step=draw(st.integers(0, 6)))


def _at_once(journals: list[Journal], path: Path) -> None:
    for journal in journals:
        journal.put(path)
    with EmbeddedStore.open(path) as store:
        report = take_in(store)
    assert report.problems == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_journals(GONE), st.integers(0, 2**32).map(Random))
def test_any_split_order_and_repetition_leaves_the_same_store(
    journals: list[Journal], random: Random
) -> None:
    """Segments that arrive in pieces, in any order and again after they were removed, make the store of one pass."""
    with tempfile.TemporaryDirectory() as folder:
        whole, pieces = Path(folder, "whole"), Path(folder, "pieces")
        _at_once(journals, whole)
        # the process is proven to be gone, so a segment must not be seen before all of its bytes are there; a writer
        # on another machine may be seen at any moment, and becomes "gone" only with the last look
        growing = [(journal, n) for journal in journals for n in range(len(journal.segments))]
        with EmbeddedStore.open(pieces) as store:
            random.shuffle(growing)
            for journal, n in growing:
                journal.put_part(pieces, n, len(journal.bytes(n)))
                if random.random() < 0.7:
                    assert take_in(store).problems == []
                if random.random() < 0.3:  # sent again
                    journal.put_part(pieces, n, len(journal.bytes(n)))
            assert take_in(store).problems == []
            assert take_in(store).problems == []
        assert dump(pieces) == dump(whole)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_journals(ELSEWHERE), st.integers(0, 2**32).map(Random))
def test_bytes_that_arrive_a_few_at_a_time_leave_the_same_store(
    journals: list[Journal], random: Random
) -> None:
    """Writers elsewhere whose files grow by any number of bytes between passes make the store of one pass."""
    with tempfile.TemporaryDirectory() as folder:
        whole, pieces = Path(folder, "whole"), Path(folder, "pieces")
        _at_once(journals, whole)
        sizes = {
            (index, n): 0 for index, journal in enumerate(journals) for n in range(len(journal.segments))
        }
        with EmbeddedStore.open(pieces) as store:
            while sizes:
                index, n = random.choice(sorted(sizes))
                sizes[index, n] += random.choice([random.randint(1, 400), random.randint(1, 100_000)])
                journals[index].put_part(pieces, n, sizes[index, n])
                if sizes[index, n] >= len(journals[index].bytes(n)):
                    del sizes[index, n]
                if random.random() < 0.5:
                    assert take_in(store).problems == []
            assert take_in(store).problems == []
        assert dump(pieces) == dump(whole)
