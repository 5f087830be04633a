"""Ids, names and states."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.ids import is_usable_run_id, new_run_id, new_writer_id, short_id
from trackrecord.words.keys import LONGEST_KEY, flatten, mend_key
from trackrecord.words.states import RunState, worst


def test_run_ids_are_uuids_of_version_7() -> None:
    """Ids say their version and variant, sort by time of creation, differ, and can name files."""
    ids = [new_run_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(len(each) == 32 and each[12] == "7" and each[16] in "89ab" for each in ids)
    assert [each[:12] for each in ids] == sorted(each[:12] for each in ids)
    assert all(is_usable_run_id(each) and each.endswith(short_id(each)) for each in ids)
    assert len({new_writer_id() for _ in range(1000)}) == 1000


def test_ids_that_can_name_no_file_are_refused() -> None:
    """Nothing that leads to another folder, or that some file system can't take, is an id."""
    for text in ("", "a/b", "..", "a.b", "a" * 65, "ä", "a\n", "a b"):
        assert not is_usable_run_id(text)


@given(st.text() | st.integers() | st.none() | st.binary() | st.tuples(st.text()))
def test_mended_names_are_usable_and_stay(key: Any) -> None:
    """Any name becomes a text that UTF-8 can say, not empty and not too long; mending it again changes nothing."""
    name, reason = mend_key(key)
    assert 0 < len(name) <= LONGEST_KEY
    assert name.encode("utf-8").decode("utf-8") == name
    assert "\x00" not in name
    assert (reason is None) == (name == key)
    assert mend_key(name) == (name, None)


def test_long_names_stay_different() -> None:
    """Names that differ only at their ends are shortened to different ones."""
    assert len({mend_key("k" * 5000 + str(number))[0] for number in range(100)}) == 100


def test_flatten_keeps_order_and_what_is_no_mapping() -> None:
    """Names are joined in the order in which they stand; a mapping within itself is a value."""
    circle: dict[str, Any] = {"a": 1}
    circle["self"] = circle
    assert flatten({"b": {"c": 1, "d": {}}, "a": [{"x": 1}]}) == [("b.c", 1), ("b.d", {}), ("a", [{"x": 1}])]
    assert flatten(circle) == [("a", 1), ("self", circle)]
    assert len(flatten({"a": circle, "b": circle})) == 4


def test_the_worst_state_wins() -> None:
    """Of several writers' states the worst is the run's; nobody at all means crashed."""
    assert worst([RunState.FINISHED, RunState.FAILED, RunState.STOPPED]) is RunState.FAILED
    assert worst([RunState.FINISHED, RunState.RUNNING]) is RunState.RUNNING
    assert worst([]) is RunState.CRASHED
    assert [state for state in RunState if not state.has_ended()] == [RunState.RUNNING, RunState.SILENT]


def test_the_closest_contract_holds() -> None:
    """An exact name wins over a glob, a longer glob over a shorter one."""
    contracts = [
        MetricContract("*", unit="a"),
        MetricContract("val/*", unit="b"),
        MetricContract("val/loss", unit="c"),
    ]
    assert [getattr(contract_for(key, contracts), "unit", None) for key in ("x", "val/x", "val/loss")] == [
        "a",
        "b",
        "c",
    ]
    assert contract_for("x", []) is None
