"""What log(), params and summary do with any value, name and step: nothing raises, nothing is lost in silence."""

from __future__ import annotations

import argparse
import contextlib
import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trackrecord as tr
from tests.recorded import Inbox
from trackrecord.journal.format import Kind

Found = Callable[[], Inbox]


class Tensor:
    """Behaves like a tensor of torch on some device, which numpy can't read."""

    def __init__(self, *values: float, shape: tuple[int, ...] = ()) -> None:
        self._values, self.shape = values, shape

    def item(self) -> float:
        if len(self._values) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self._values[0]

    def __float__(self) -> float:
        return self.item()

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def tolist(self) -> list[float] | float:
        return list(self._values) if self.shape else self._values[0]


class Broken:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, name)
        raise RuntimeError("broken")

    def __repr__(self) -> str:
        raise RuntimeError("broken")

    __str__ = __float__ = __repr__


def _made(value: Any) -> Any:
    """Return a parameter of a test; pytest itself can't look at a broken one."""
    return Broken() if value is Broken else value


_FINE = [
    (1, 1.0),
    (True, 1.0),
    (2.5, 2.5),
    (2**60, float(2**60)),
    (Decimal("0.5"), 0.5),
    (Fraction(1, 4), 0.25),
    (np.float32(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (np.int64(7), 7.0),
    (np.bool_(True), 1.0),
    (np.array(3.0), 3.0),
    (np.array([4.0]), 4.0),
    (np.array([[5]]), 5.0),
    (Tensor(6.0), 6.0),
    (Tensor(7.0, shape=(1,)), 7.0),
    (math.inf, math.inf),
    (-math.inf, -math.inf),
]


@pytest.mark.parametrize(
    ("value", "kept"),
    _FINE,
    ids=[f"{number}-{type(value).__name__}" for number, (value, _) in enumerate(_FINE)],
)
def test_every_kind_of_number_is_a_point(run: tr.Run, found: Found, value: Any, kept: float) -> None:
    """Numbers of Python, numpy and torch are points, with no word of complaint."""
    run.log({"x": value, "plain": 1}, step=3)
    inbox = found()
    assert inbox.points("x") == [(3, kept)]
    assert inbox.points("plain") == [(3, 1)]
    assert inbox.problems() == {}


def test_nan_is_kept(run: tr.Run, found: Found) -> None:
    """A loss that is not a number is a point like any other."""
    run.log({"x": math.nan})
    run.log({"x": np.float32("nan")})
    assert [math.isnan(value) for _, value in found().points("x")] == [True, True]


_ODD = [
    ("abc", "text", "not_a_number"),
    (10**400, "text", "not_a_number"),
    (object(), "text", "not_a_number"),
    (1j, "text", "not_a_number"),
    (np.complex128(1 + 2j), "text", "not_a_number"),
    (np.complex64(1 + 2j), "text", "not_a_number"),
    (np.datetime64("2026-11-20T00:00", "ns"), "text", "not_a_number"),
    (np.timedelta64(5, "ns"), "text", "not_a_number"),
    (np.array("5"), "text", "not_a_number"),
    (b"bytes", "text", "not_a_number"),
    (np.array([1.0, 2.0]), "table", "not_a_number"),
    ([1, 2, 3], "table", "not_a_number"),
    (Tensor(1.0, 2.0, shape=(2,)), "table", "not_a_number"),
    (None, None, "missing_value"),
    (Broken, None, "not_a_number"),
]


@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.parametrize(("value", "kind", "code"), _ODD, ids=[type(value).__name__ for value, _, _ in _ODD])
def test_what_is_no_number_is_kept_and_noted(
    run: tr.Run, found: Found, value: Any, kind: str | None, code: str
) -> None:
    """Such a value is kept as text or table and noted; the numbers of the same call are points all the same."""
    run.log({"x": _made(value), "fine": 1}, step=2)
    inbox = found()
    assert inbox.points("fine") == [(2, 1)]
    assert [(media["key"], media["kind"], media["step"]) for media in inbox.records(Kind.MEDIA)] == (
        [("x", kind, 2)] if kind else []
    )
    assert inbox.problems() == {code: 1}


@pytest.mark.filterwarnings("ignore:Warning. converting a masked element")
@pytest.mark.parametrize("beside", [1.0, "a text, so that each value is looked at by itself"])
def test_a_masked_element_is_no_number_of_its_own(run: tr.Run, found: Found, beside: Any) -> None:
    """What lies behind a mask is never taken for a value: a metric has NaN there, a param None."""
    run.log(
        {"x": np.ma.masked, "y": np.ma.array([7.0], mask=[True]), "z": np.ma.array(3.0), "beside": beside}
    )
    run.log_params({"x": np.ma.masked, "z": np.ma.array(3.0)})
    inbox = found()
    assert math.isnan(inbox.points("x")[0][1])
    assert math.isnan(inbox.points("y")[0][1])
    assert inbox.points("z") == [(0, 3.0)]
    assert inbox.values(Kind.PARAMS, "params") == {"x": None, "z": 3.0}


@pytest.mark.parametrize("values", ["abc", None, 5, [1, 2], {1, 2}, Broken, tr])
def test_what_is_no_dict_is_noted(run: tr.Run, found: Found, values: Any) -> None:
    """log() of anything but a mapping keeps nothing and says so."""
    run.log(_made(values))
    assert sum(found().problems().values()) == 1


def test_odd_names_are_mended(run: tr.Run, found: Found) -> None:
    """Names that are no texts, empty, far too long or impossible in UTF-8 are kept under a usable name, and noted."""
    long = "k" * 10_000
    run.log({3: 1, "": 2, long: 3, long + "x": 4, "\ud800": 5, "nul\0": 6, (1, 2): 7, Broken(): 8, "ok": 9})  # type: ignore[dict-item]
    inbox = found()
    assert inbox.problems()["bad_key"] == 8
    assert inbox.points("3") == [(0, 1)]
    assert inbox.points("unnamed") == [(0, 2)]
    assert inbox.points("?") == [(0, 5)]
    assert inbox.points("nul?") == [(0, 6)]
    assert inbox.points("(1, 2)") == [(0, 7)]
    assert inbox.points("ok") == [(0, 9)]
    assert len(inbox.metrics()) == 9
    assert all(len(key) <= 1000 for key in inbox.metrics())


def test_nested_values_nest_their_names(run: tr.Run, found: Found) -> None:
    """Dicts in dicts become names with slashes, also when they hold themselves."""
    values: dict[Any, Any] = {"train": {"loss": 1, 5: {"deep": 2}}, "empty": {}}
    values["train"]["self"] = values
    run.log(values)
    inbox = found()
    assert inbox.points("train/loss") == [(0, 1)]
    assert inbox.points("train/5/deep") == [(0, 2)]


def test_two_values_of_one_name_are_noted(run: tr.Run, found: Found) -> None:
    """When a nested and a plain name are the same, the later value is kept and the other one is not lost in silence."""
    run.log({"a": {"b": 1}, "a/b": 2})
    inbox = found()
    assert inbox.points("a/b") == [(0, 2)]
    assert inbox.problems() == {"same_key": 1}


def test_steps_count_by_themselves(run: tr.Run, found: Found) -> None:
    """Without a step a call takes one more than the greatest whole step so far, whatever came in between."""
    steps: list[Any] = [
        None,
        None,
        10,
        None,
        3,
        None,
        20.5,
        None,
        np.int64(30),
        None,
        31.0,
        -5,
        None,
        True,
        Tensor(40.0),
        None,
    ]
    for step in steps:
        run.log({"x": 1}, step=step)
    kept = [step for step, _ in found().points("x")]
    assert kept == [0, 1, 10, 11, 3, 12, 20.5, 13, 30, 31, 31, -5, 32, 1, 40, 41]


@pytest.mark.parametrize("step", [math.nan, math.inf, "7", "abc", [1], object(), Broken, 10**400])
def test_a_step_that_is_none_takes_the_next_one(run: tr.Run, found: Found, step: Any) -> None:
    """The values of a call with an impossible step are kept at the next whole one, and that is noted."""
    run.log({"x": 1}, step=4)
    run.log({"x": 2}, step=_made(step))
    inbox = found()
    assert inbox.points("x") == [(4, 1), (5, 2)]
    assert inbox.problems() == {"bad_step": 1}


@pytest.mark.parametrize("step", [2**63 - 1, 2**63, 10**30, -(10**30), -(2**63)])
def test_huge_steps_are_kept_and_counting_goes_on(run: tr.Run, found: Found, step: int) -> None:
    """Steps that a 64-bit number can't hold become fractional ones; neither they nor the greatest break the count."""
    run.log({"x": 1, "t": tr.Text("a")}, step=step)
    run.log({"x": 2})
    run.log({"x": 3})
    points = found().points("x")
    assert points[0] == (float(step) if abs(step) > 2**63 - 1 else step, 1)
    assert [value for _, value in points] == [1, 2, 3]
    assert all(abs(each) < 2**63 for each, _ in points[1:])


def test_great_steps_of_numpy_are_exact(run: tr.Run, found: Found) -> None:
    """A whole step of another package is not rounded to a float, nor is the count that goes on from it."""
    great = 2**53 + 1
    steps: list[Any] = [np.int64(great), None, np.uint64(7), np.array(great + 4)]
    for step in steps:
        run.log({"x": 1}, step=step)
    assert [step for step, _ in found().points("x")] == [great, great + 1, 7, great + 4]


def test_rewind(run: tr.Run, found: Found) -> None:
    """After a rewind the count goes on behind the checkpoint."""
    for _ in range(5):
        run.log({"x": 1})
    run.rewind(2)
    run.log({"x": 2})
    run.rewind(math.nan)
    inbox = found()
    assert inbox.points("x")[-1] == (3, 2)
    assert [record["step"] for record in inbox.records(Kind.REWIND)] == [2]


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
    | st.decimals() | st.fractions() | st.datetimes() | st.builds(object) | st.builds(Broken) | st.just(Tensor(1, 2)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3) | st.integers() | st.none() | st.builds(Broken), inner, max_size=3)
    | st.sets(st.integers(), max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=_ANY, step=_ANY, key=_ANY)
def test_nothing_makes_recording_raise(run: tr.Run, values: Any, step: Any, key: Any) -> None:
    """Whatever is handed to whichever method, training goes on, and the next plain call works."""
    run.log(values, step=step)
    run.log({"x": values, "fine": 1}, step=step)
    run.log_params(values)
    run.log_params({"a": values})
    run.summary["a"] = values
    run.summary.update({"b": step})
    run.log_image(key, values)
    run.log_text(key, values)
    run.log_figure(key, values)
    run.define_metric(key, goal=values)
    run.define_experiment(key, hypothesis=values)
    run.rename(values)
    run.set_notes(values)
    run.add_tags(values)
    run.rewind(step)
    run.log({"fine": 1})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=_ANY)
def test_strict_raises_usage_errors_only(values: Any) -> None:
    """In strict mode misuse is a UsageError, and never anything else."""
    strict = tr.init("p", strict=True, console=False, system_metrics=False)
    for act in (
        strict.log,
        strict.log_params,
        lambda v: strict.log({"x": v}),
        lambda v: strict.log({"x": 1}, step=v),
    ):
        with contextlib.suppress(tr.UsageError):
            act(values)
    strict.finish()


@pytest.mark.parametrize(
    "misuse",
    [
        lambda run: run.log({"loss": "abc"}),
        lambda run: run.log({"x": None}),
        lambda run: run.log(5),
        lambda run: run.log({3: 1}),
        lambda run: run.log({"x": 1}, step="no"),
        lambda run: run.log_params(5),
        lambda run: run.log_params({"model": object()}),
        lambda run: run.log_image("x", "no/such/file.png"),
        lambda run: run.define_metric("x", goal="up"),
        lambda run: run.define_metric("x", colour="red"),
        lambda run: run.log_artifact("no/such/file"),
        lambda run: run.finish("well") or run.log({"x": 1}),
    ],
)
def test_strict_refuses_misuse(misuse: Callable[[tr.Run], None]) -> None:
    """With strict=True each kind of misuse raises UsageError at once."""
    run = tr.init("p", strict=True, console=False, system_metrics=False)
    with pytest.raises(tr.UsageError):
        misuse(run)


class Colour(enum.Enum):
    """An enum."""

    RED = "red"


def test_params_of_numpy_mean_what_they_say(run: tr.Run, found: Found) -> None:
    """A moment is its text, whatever its unit, also in an array; a longdouble that a float holds is that number."""
    moment = np.datetime64("2026-11-20T12:30:00", "ns")
    run.log_params(
        {
            "when": moment,
            "list": np.array([moment]),
            "took": np.timedelta64(5, "ns"),
            "ld": np.longdouble(1.5),
        }
    )
    text = "2026-11-20T12:30:00.000000000"
    assert found().values(Kind.PARAMS, "params") == {
        "when": text,
        "list": [text],
        "took": "5 nanoseconds",
        "ld": 1.5,
    }


@dataclass
class Optimizer:
    """Settings in settings."""

    lr: float = 0.1


@dataclass
class Config:
    """Settings as a dataclass."""

    optimizer: Optimizer
    layers: tuple[int, ...] = (64, 32)


def test_params_of_every_plain_kind_are_exact(run: tr.Run, found: Found) -> None:
    """Params come back as they were: whole numbers of any size, NaN, lists, texts, enums by value."""
    params = {
        "whole": 3,
        "huge": 10**30,
        "fraction": 0.1,
        "inf": math.inf,
        "text": "käse",
        "flag": True,
        "none": None,
        "list": [1, [2.5, "x", None]],
        "empty": {},
    }
    run.log_params(
        {**params, "nan": math.nan, "tuple": (1, 2), "set": {3}, "enum": Colour.RED, "path": Path("a")}
    )
    run.log_params(
        {"numpy": np.int64(5), "array": np.array([1, 2]), "tensor": Tensor(0.5), "dtype": np.float32(0.5)}
    )
    inbox = found()
    kept = inbox.values(Kind.PARAMS, "params")
    assert math.isnan(kept.pop("nan"))
    assert kept == {
        **params,
        "tuple": [1, 2],
        "set": [3],
        "enum": "red",
        "path": "a",
        "numpy": 5,
        "array": [1, 2],
        "tensor": 0.5,
        "dtype": 0.5,
    }
    assert type(kept["whole"]) is int
    assert inbox.problems() == {}


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": {"lr": 0.1}, "layers": [64, 32]},
        Config(Optimizer()),
        argparse.Namespace(optimizer={"lr": 0.1}, layers=[64, 32]),
    ],
    ids=["dict", "dataclass", "argparse"],
)
def test_params_may_come_as(found: Found, params: Any) -> None:
    """A dict, a dataclass and the namespace of argparse are params alike; nested ones are dotted."""
    run = tr.init("p", params=params, console=False)
    assert run.params["optimizer.lr"] == 0.1
    assert found().values(Kind.PARAMS, "params") == {"optimizer.lr": 0.1, "layers": [64, 32]}


def test_params_without_a_plain_form_are_kept_as_repr(run: tr.Run, found: Found) -> None:
    """What JSON can't say is kept as its repr and noted, a broken repr and a list that holds itself included."""
    circle: list[Any] = []
    circle.extend([circle] * 3)
    run.log_params(
        {"function": len, "broken": Broken(), "circle": circle, "fine": 1, "many": list(range(20_000))}
    )
    inbox = found()
    kept = inbox.values(Kind.PARAMS, "params")
    assert kept["fine"] == 1
    assert kept["function"] == repr(len)
    assert "whose repr raised RuntimeError" in kept["broken"]
    assert inbox.problems()["unusual_param"] == 4


def test_a_param_never_changes(run: tr.Run, found: Found) -> None:
    """A second value is written beside the first and noted; the same value again is no conflict."""
    run.log_params({"lr": 0.1, "nan": math.nan})
    run.log_params({"lr": 0.1, "nan": math.nan})
    run.log_params({"lr": 0.2})
    assert run.params["lr"] == 0.1
    inbox = found()
    assert [r["params"].get("lr") for r in inbox.records(Kind.PARAMS)] == [0.1, 0.1, 0.2]
    assert inbox.problems() == {"param_conflict": 1}


def test_summary_holds_the_last_value(run: tr.Run, found: Found) -> None:
    """Results are read back in the process, nested ones dotted, and can't be taken away."""
    run.summary["accuracy"] = 0.5
    run.summary.update({"accuracy": 0.9, "by": {"class": [1, 2]}})
    assert dict(run.summary) == {"accuracy": 0.9, "by.class": [1, 2]}
    with pytest.raises(TypeError, match="can't be taken back"):
        del run.summary["accuracy"]
    assert found().values(Kind.SUMMARY, "summary") == {"accuracy": 0.9, "by.class": [1, 2]}


def test_an_ended_run_notes_what_comes_late(
    run: tr.Run, capfd: pytest.CaptureFixture[str], found: Found
) -> None:
    """After finish() nothing raises and nothing is written behind the end; that is said."""
    run.finish()
    run.log({"x": 1})
    run.log_params({"a": 1})
    run.summary["a"] = 1
    run.finish()
    assert "nothing was kept" in capfd.readouterr().err
    inbox = found()
    assert inbox.metrics() == set()
    assert len(inbox.records(Kind.FINISH)) == 1


def test_each_problem_is_said_once_and_counted(
    run: tr.Run, capfd: pytest.CaptureFixture[str], found: Found
) -> None:
    """A problem in a loop is one line on stderr, and a count on the run."""
    for _ in range(100):
        run.log({"loss": "abc"})
    assert capfd.readouterr().err.count("trackrecord:") == 1
    assert found().problems() == {"not_a_number": 100}


def test_problems_stay_bounded(run: tr.Run, found: Found) -> None:
    """A thousand different problems do not grow without end."""
    for number in range(1000):
        run.log({f"loss{number}": "abc"})
    problems = found().problems()
    assert problems == {"not_a_number": 200, "more": 800}


def test_words_about_a_run(run: tr.Run, found: Found) -> None:
    """Name, notes and tags may change while the run is open."""
    run.rename("better")
    run.set_notes("a note")
    run.add_tags("a", "b")
    run.remove_tags("a")
    assert run.name == "better"
    changes = found().records(Kind.CHANGE)
    assert [change["field"] for change in changes] == ["name", "notes", "tags", "tags"]


@pytest.mark.parametrize(
    "words",
    [
        {"tags": 5},
        {"tags": "one"},
        {"tags": [1, None]},
        {"store": 5},
        {"store": "nul\0"},
        {"system_metrics": "often"},
        {"mode": "sideways"},
        {"id": "no/slashes"},
        {"fork_from": 7},
        {"name": 5, "group": 6, "notes": 7, "hypothesis": 8},
        {"experiment": ""},
        {"parent": 5},
        {"params": 5},
    ],
)
def test_init_takes_odd_words(words: dict[str, Any], found: Found) -> None:
    """No argument of init makes training stop."""
    run = tr.init("p", console=False, **words)
    run.log({"x": 1})
    assert found().points("x") == [(0, 1)]


def test_contracts_and_experiments(found: Found) -> None:
    """Contracts and experiments stated without a run have a journal of their own; with a run they go into its."""
    tr.define_metric("val/*", project="p", goal="maximize", unit="%", low=0, high=math.inf)
    tr.define_experiment("depth", project="p", hypothesis="3 is enough")
    run = tr.init("p", experiment="depth", hypothesis="yes", console=False, system_metrics=False)
    tr.define_metric("loss", goal="min", primary=True)
    inbox = found()
    assert inbox.runs == {"-", run.id}
    assert {r["pattern"]: r["goal"] for r in inbox.records(Kind.CONTRACT)} == {"val/*": "max", "loss": "min"}
    assert [r["hypothesis"] for r in inbox.records(Kind.EXPERIMENT)] == ["3 is enough"]


def test_calls_without_a_run_are_harmless(capfd: pytest.CaptureFixture[str]) -> None:
    """Module-level calls without an open run keep nothing, raise nothing and say so once each."""
    assert tr.current_run() is None
    for _ in range(3):
        tr.log({"x": 1})
        tr.log_text("a", "b")
    tr.finish()
    errors = capfd.readouterr().err
    assert errors.count("log() was called, but no run is open") <= 1
    assert tr.current_run() is None


class _Hostile:
    """Raises whenever it is looked at, and its error raises as well."""

    def __str__(self) -> str:
        raise _HostileError

    __repr__ = __float__ = __fspath__ = __str__


class _HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def test_hostile_objects_raise_nothing_anywhere(tmp_path: Path) -> None:
    """Objects whose text can't be had, and errors of that kind, reach no training code, in init and after it."""
    bad: Any = _Hostile()
    run = tr.init(
        bad, name=bad, group=bad, tags=[bad], notes=bad, hypothesis=bad, experiment=bad, parent=bad, id=bad,
        mode=bad, store=bad, params={"x": bad}, fork_from=(bad, bad), console=False, system_metrics=False,
    )  # fmt: skip
    run.log({"x": bad, "kept": 1})
    run.log(bad)
    run.log({"kept": 2}, step=bad)
    for call in (run.rename, run.set_notes, run.add_tags, run.remove_tags, run.rewind, run.define_metric):
        call(bad)
    run.log_text("t", bad)
    run.log_image("i", bad)
    run.log_artifact(bad)
    run.summary["x"] = bad
    run.finish()

    with tr.open_run(run.id, store=run.store) as stored:
        assert stored.metric("kept").points().values.tolist() == [1.0, 2.0]


def test_a_list_of_media_is_kept_one_by_one(found: Found) -> None:
    """Several images logged under one name are all kept at that step, with their captions."""
    with tr.init("p", console=False, system_metrics=False) as run:
        run.log({"mistakes": [tr.Image([[0, 255]], caption=str(n)) for n in range(3)]}, step=7)
    records = found().records(Kind.MEDIA)

    assert [(r["key"], r["kind"], r["step"], r["caption"]) for r in records] == [
        ("mistakes", "image", 7, str(n)) for n in range(3)
    ]


def test_arrays_of_any_depth_lose_nothing(found: Found) -> None:
    """A matrix is kept as a table of its rows, a deeper array as a table of lists."""
    with tr.init("p", console=False, system_metrics=False) as run:
        run.log(
            {
                "matrix": np.arange(2000.0).reshape(1000, 2),
                "cube": np.zeros((2, 2, 2)),
                "ragged": [[1], [2, 3]],
            }
        )
    tables = {r["key"]: r["data"] for r in found().records(Kind.MEDIA)}

    assert tables["matrix"]["columns"] == ["0", "1"]
    assert tables["matrix"]["rows"][999] == [1998.0, 1999.0]
    assert tables["cube"]["rows"][1] == [[0.0, 0.0], [0.0, 0.0]]
    assert tables["ragged"]["rows"] == [[[1]], [[2, 3]]]


@pytest.mark.parametrize(("at", "first"), [(4, 5), (4.5, 5), (-3, 0)])
def test_a_fork_goes_on_behind_its_step(at: float, first: int, found: Found) -> None:
    """Without a step of its own, the first call of a fork takes the whole step behind the one it forked from."""
    with tr.init("p", fork_from=("0" * 32, at), console=False, system_metrics=False) as run:
        run.log({"loss": 1.0})
    (rows,) = found().rows()

    assert rows.steps.tolist() == [first]


def test_params_can_be_assigned(found: Found) -> None:
    """Assigning a param records it; the first value holds, and a second one is a conflict."""
    with tr.init("p", params={"a": 1}, console=False, system_metrics=False) as run:
        run.params["b"] = {"c": 2}
        run.params.update({"d": 3})
        run.params["a"] = 9
        assert run.params == {"a": 1, "b.c": 2, "d": 3}
    inbox = found()

    assert [record["params"] for record in inbox.records(Kind.PARAMS)] == [
        {"a": 1},
        {"b.c": 2},
        {"d": 3},
        {"a": 9},
    ]
    assert "param_conflict" in inbox.problems()
