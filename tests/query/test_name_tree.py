"""Names for pickers: whole, one level of their tree, by a pattern, in pages."""

from __future__ import annotations

import pytest

from tests.query.make_store import StoreMaker
from trackrecord.query import timed_search
from trackrecord.query.name_tree import NamePage, list_names
from trackrecord.words.errors import QueryError, UsageError


@pytest.fixture
def filled(maker: StoreMaker) -> StoreMaker:
    """Three runs with nested names, one of them in the trash."""
    series = {"val/loss": [1.0], "val/top/1": [1.0], "val": [1.0], "loss": [1.0], "odd//x": [1.0]}
    maker.run(metrics=series, params={"opt.lr": 1, "opt.name": "adam", "seed": 1})
    maker.run(metrics={"val/loss": [1.0]}, params={"opt.lr": 2})
    maker.run(metrics={"val/loss": [1.0], "only/trash": [1.0]}, deleted=5)
    maker.run(metrics={"val/loss": [1.0]}, project="other")
    return maker


def _level(page: NamePage) -> list[tuple[str, int | None, int]]:
    return [(each.path, each.runs, each.below) for each in page.names]


def test_a_level_of_the_tree_has_leaves_and_branches(filled: StoreMaker) -> None:
    """A name may be a leaf, a branch or both; runs are counted for leaves, and names behind for branches."""
    top = list_names(filled.store, "metrics", tree=True, project="digits")
    assert _level(top) == [("loss", 1, 0), ("odd", None, 1), ("val", 1, 2)]
    for prefix in ("val", "val/"):
        below = list_names(filled.store, "metrics", tree=True, prefix=prefix, project="digits")
        assert _level(below) == [("val/loss", 2, 0), ("val/top", None, 1)]
    assert _level(list_names(filled.store, "metrics", tree=True, prefix="odd")) == [("odd/", None, 1)]
    assert _level(list_names(filled.store, "metrics", tree=True, prefix="odd/")) == [("odd/", None, 1)]
    assert _level(list_names(filled.store, "params", tree=True)) == [("opt", None, 2), ("seed", 1, 0)]


def test_every_leaf_is_reached_by_going_down(filled: StoreMaker) -> None:
    """Going down from the top, level by level, finds each whole name once."""
    whole = {each.path: each.runs for each in list_names(filled.store, "metrics").names}
    found: dict[str, int] = {}
    waiting = [""]
    while waiting:
        for node in list_names(filled.store, "metrics", tree=True, prefix=waiting.pop()).names:
            if node.runs is not None:
                assert node.path not in found
                found[node.path] = node.runs
            if node.below:
                waiting.append(node.path + "/")
    assert found == whole
    assert found["val/loss"] == 3


def test_a_pattern_finds_names_anywhere_in_them(filled: StoreMaker) -> None:
    """A regular expression is searched for in the whole name, as by ~ in a filter, and may be refused like there."""
    assert [each.path for each in list_names(filled.store, "metrics", pattern="^val/.*s$").names] == [
        "val/loss"
    ]
    assert list_names(filled.store, "metrics", pattern="nothing").total == 0
    with pytest.raises(QueryError, match="repeat inside a repeat"):
        list_names(filled.store, "metrics", pattern="(a+)+")
    with pytest.raises(UsageError, match="no names of"):
        list_names(filled.store, "metric")


def test_a_search_without_an_end_is_ended(filled: StoreMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that spends its time in regular expressions ends as an error; the next one works."""
    monkeypatch.setattr(timed_search, "LONGEST_SEARCH_S", 0.0)
    with pytest.raises(QueryError, match="without an end"):
        list_names(filled.store, "metrics", pattern="loss")
    monkeypatch.undo()
    assert list_names(filled.store, "metrics", pattern="loss").total == 2


def test_pages_of_names_are_slices(filled: StoreMaker) -> None:
    """Pages of any size give all names in order."""
    whole = [each.path for each in list_names(filled.store, "metrics").names]
    seen: list[str] = []
    cursor = None
    while True:
        page = list_names(filled.store, "metrics", limit=2, cursor=cursor)
        assert page.total == len(whole)
        seen += [each.path for each in page.names]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == whole
