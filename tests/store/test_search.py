"""Regular expressions over the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.journals import curve
from trackrecord.query.runs import select_runs
from trackrecord.store import search
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.ingest import take_in
from trackrecord.words.errors import QueryError


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    """A store of three runs."""
    for number in range(3):
        curve(f"run{number}").put(tmp_path)
    store = EmbeddedStore.open(tmp_path)
    take_in(store)
    return store


def test_a_search_without_an_end_is_ended(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that spends its time in regular expressions ends as an error of the query; the next one works."""
    with store:
        monkeypatch.setattr(search, "LONGEST_SEARCH_S", 0.0)
        with pytest.raises(QueryError, match="without an end"):
            select_runs(store, where='name ~ "run[0-9]"')
        monkeypatch.undo()

        assert select_runs(store, where='name ~ "run[0-9]"').total == 3


@pytest.mark.parametrize(
    ("pattern", "text", "found"), [("a", None, False), (None, "a", False), ("(", "(", False)]
)
def test_what_is_no_pattern_or_no_text_never_matches(pattern: object, text: object, found: bool) -> None:
    """Missing values and invalid patterns are no match and no error."""
    assert search.matches(pattern, text) is found
