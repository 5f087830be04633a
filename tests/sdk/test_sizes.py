"""Things far larger than anybody meant: cut with a digest and said, and never in the way of the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trackrecord as tr
from tests.recorded import Inbox
from trackrecord.journal.format import LONGEST_PAYLOAD, Kind
from trackrecord.sdk.settled import LONGEST_REPR, LONGEST_TEXT

Found = Callable[[], Inbox]

#: more than a record may be long
HUGE = LONGEST_PAYLOAD + 1000


class Wordy:
    """An object whose repr fills books."""

    def __repr__(self) -> str:
        return "w" * 1_000_000


class Tensor:
    """Looks like a scalar of another package, and counts how many of it live."""

    alive = 0
    shape = ()

    def __init__(self) -> None:
        Tensor.alive += 1

    def __del__(self) -> None:
        Tensor.alive -= 1

    def item(self) -> float:
        return 0.5


def test_long_params_and_results_are_cut_and_stay_different(run: tr.Run, found: Found) -> None:
    """A text or a repr beyond the limit is kept as its beginning with length and digest, and that is noted."""
    first, second = "a" * 500_000 + "x", "a" * 500_000 + "y"
    run.log_params({"first": first, "second": second, "wordy": Wordy(), "fits": "b" * LONGEST_TEXT})
    run.summary["long"] = first
    inbox = found()
    params = inbox.values(Kind.PARAMS, "params")
    digest = hashlib.sha256(first.encode()).hexdigest()
    assert params["first"] == f"{'a' * LONGEST_TEXT}... (cut: 500001 characters, sha256:{digest})"
    assert params["first"] != params["second"]
    assert params["wordy"].startswith("w" * LONGEST_REPR + "... (cut: 1000000 characters")
    assert params["fits"] == "b" * LONGEST_TEXT
    assert inbox.values(Kind.SUMMARY, "summary")["long"] == params["first"]
    assert inbox.problems() == {"long_param": 3, "unusual_param": 1, "long_result": 1}


def test_a_list_of_long_texts_is_cut_as_a_whole(run: tr.Run, found: Found) -> None:
    """Texts in a list share the limit of one text; those that fit are whole."""
    run.log_params({"texts": ["short", *["c" * 60_000] * 100]})
    texts = found().values(Kind.PARAMS, "params")["texts"]
    assert len(texts) == 101
    assert texts[:2] == ["short", "c" * 60_000]
    assert sum(map(len, texts)) < LONGEST_TEXT + 101 * 200


def test_more_params_than_fit_into_a_record_are_all_kept(run: tr.Run, found: Found) -> None:
    """One call with params that are longer together than the format allows becomes several records."""
    run.log_params({f"p{number}": "\x01" * LONGEST_TEXT for number in range(150)})  # six bytes each in JSON
    inbox = found()
    assert len(inbox.values(Kind.PARAMS, "params")) == 150
    assert len(inbox.records(Kind.PARAMS)) > 1
    assert inbox.problems() == {}


@pytest.mark.parametrize(
    "say",
    [
        lambda run: run.set_notes("n" * HUGE),
        lambda run: run.add_tags("n" * HUGE),
        lambda run: run.rename("n" * HUGE),
        lambda run: run.define_experiment("e", hypothesis="n" * HUGE),
        lambda run: run.define_metric("m", description="n" * HUGE),
        lambda run: run.log_image("i", [[0]], caption="n" * HUGE),
    ],
    ids=["notes", "tag", "name", "hypothesis", "description", "caption"],
)
def test_long_words_are_cut_and_kept(run: tr.Run, found: Found, say: Callable[[tr.Run], None]) -> None:
    """Whatever is said of a run at any length, its beginning is kept, and that there was more is noted."""
    say(run)
    run.log({"x": 1})
    inbox = found()
    assert sum(inbox.problems().values()) == 1
    assert inbox.state == "finished"
    words = [
        record
        for kind in (Kind.CHANGE, Kind.EXPERIMENT, Kind.CONTRACT, Kind.MEDIA)
        for record in inbox.records(kind)
    ]
    assert "nnnn" in str(words)


def test_a_run_begun_with_too_many_words_is_recorded(found: Found) -> None:
    """init with texts longer than a record begins the run all the same."""
    run = tr.init(
        "p",
        notes="n" * HUGE,
        tags=["t" * HUGE],
        group="g" * HUGE,
        parent="p" * HUGE,
        params={"lr": 0.1},
        console=False,
    )
    run.log({"x": 1})
    inbox = found()
    assert inbox.points("x") == [(0, 1)]
    (begin,) = inbox.records(Kind.BEGIN)
    assert begin["notes"].startswith("nnn")
    assert begin["name"] == run.name


def test_a_long_traceback_does_not_keep_a_run_from_ending(run: tr.Run, found: Found) -> None:
    """An error with a text of a hundred megabytes ends its run as failed, with the beginning and the end of it."""
    run.finish("failed", traceback="Traceback" + "x" * HUGE + "ValueError: here")
    inbox = found()
    (finish,) = inbox.records(Kind.FINISH)
    assert finish["state"] == "failed"
    assert finish["traceback"].startswith("Traceback")
    assert finish["traceback"].endswith("ValueError: here")


def test_params_and_results_hold_no_tensors(run: tr.Run) -> None:
    """What is read back of an array or tensor is its number: the tensor, and its device's memory, is free again."""
    run.summary["loss"] = Tensor()
    run.log_params({"scale": Tensor()})
    assert Tensor.alive == 0
    assert run.summary["loss"] == run.params["scale"] == 0.5


def test_ten_thousand_names_and_as_many_sets(run: tr.Run, found: Found) -> None:
    """Very wide calls, and calls that each have another set of names, are kept like any other."""
    run.log({f"wide/{number}": number for number in range(10_000)})
    for number in range(10_000):
        run.log({f"own/{number}": number, "shared": number}, step=number)
    inbox = found()
    assert len(inbox.metrics()) == 20_001
    assert sorted(inbox.points("shared")) == [(number, number) for number in range(10_000)]
    assert inbox.points("wide/9999") == [(0, 9999)]
    assert inbox.problems() == {}


def test_nests_as_deep_as_can_be(run: tr.Run, found: Found) -> None:
    """Dicts and lists nested a hundred thousand deep neither raise nor lose what stands beside them."""
    deep: dict[str, Any] = {}
    inner: Any = deep
    for _ in range(100_000):
        inner["a"] = {}
        inner = inner["a"]
    bottomless: list[Any] = []
    inner = bottomless
    for _ in range(100_000):
        inner.append([])
        inner = inner[0]
    run.log_params({"deep": deep, "list": bottomless, "lr": 0.1})
    run.summary.update({"deep": deep, "best": 1})
    run.log({"deep": deep, "x": 1})
    inbox = found()
    assert inbox.values(Kind.PARAMS, "params")["lr"] == 0.1
    assert inbox.values(Kind.SUMMARY, "summary")["best"] == 1
    assert inbox.points("x") == [(0, 1)]
    # taken apart by hand: Python's own deallocation of such lists may overflow the stack
    while deep:
        deep = deep.pop("a")
    while bottomless:
        bottomless = bottomless.pop()


def test_a_run_that_cannot_begin_is_no_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever breaks inside of init, training gets a run that keeps nothing, and is told so once."""
    from trackrecord.sdk import start

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(start, "JournalWriter", broken)
    run = tr.init("p", params={"lr": 0.1})
    run.log({"x": 1})
    run.finish()
    assert "could not be begun, so nothing is kept: RuntimeError: no such thing" in capfd.readouterr().err
    assert list((tmp_path / "store" / "inbox").iterdir()) == []
