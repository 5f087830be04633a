"""Pages of one result while the store changes, and which runs a list leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.query.make_store import SECOND, START, StoreMaker
from trackrecord.query import results, timed_search
from trackrecord.query.columns import columns_of
from trackrecord.query.complete import complete
from trackrecord.query.find_run import find_run
from trackrecord.query.projects import list_projects
from trackrecord.query.runs import select_runs
from trackrecord.words.errors import QueryError, UsageError


def test_pages_fit_together_while_new_runs_come_in(maker: StoreMaker) -> None:
    """The pages behind a cursor are slices of the result that the first was a slice of, and have its revision."""
    for number in range(10):
        maker.run(f"run-{number}")
    first = select_runs(maker.store, limit=4)
    maker.run("new")
    second = select_runs(maker.store, limit=4, cursor=first.next_cursor)
    third = select_runs(maker.store, limit=4, cursor=second.next_cursor)

    seen = [run.name for page in (first, second, third) for run in page.rows]
    assert seen == [f"run-{number}" for number in range(9, -1, -1)]
    assert {(page.revision, page.total) for page in (first, second, third)} == {(first.revision, 10)}
    assert select_runs(maker.store).revision > first.revision


def test_a_result_that_is_gone_is_made_again(maker: StoreMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a result is no longer kept, or the cursor comes from another process, the new revision tells."""
    monkeypatch.setattr(results, "MOST_RESULTS", 2)
    for number in range(10):
        maker.run(f"run-{number}", params={"x": number})
    first = select_runs(maker.store, limit=4)
    for number in range(2):
        select_runs(maker.store, where=f"params.x >= {number}", limit=1)
    maker.run("new")
    second = select_runs(maker.store, limit=4, cursor=first.next_cursor)
    assert second.revision > first.revision
    assert (second.total, second.offset) == (11, 4)


def test_a_purged_run_leaves_a_kept_result(maker: StoreMaker) -> None:
    """A run that went between two pages is left out of its page, and the others stay where they are."""
    for number in range(6):
        maker.run(f"run-{number}")
    first = select_runs(maker.store, limit=2)
    with maker.store.connections.writing(5) as connection:
        connection.execute("DELETE FROM run WHERE name = 'run-3'")
    second = select_runs(maker.store, limit=2, cursor=first.next_cursor)
    assert [run.name for run in second.rows] == ["run-2"]
    assert second.next_cursor is not None


def test_a_cursor_of_nonsense_is_refused(maker: StoreMaker) -> None:
    """What is no cursor is an error, whatever it decodes to."""
    for cursor in ("x", "e30", "W10", "eyJhZnRlciI6IDEsICJvZiI6IDF9"):
        with pytest.raises(UsageError):
            select_runs(maker.store, cursor=cursor)


def test_archived_and_deleted_runs_are_left_out_unless_asked_for(maker: StoreMaker) -> None:
    """Lists, counts, names and completions leave them out; filters that name the field and the options find them."""
    maker.run("plain", params={"x": "shown"}, metrics={"m": [1.0]})
    maker.run("put away", params={"x": "hidden"}, archived=START)
    maker.run("thrown away", params={"y": 1}, deleted=START + SECOND)
    maker.run("both", params={"y": 2}, archived=START, deleted=START + SECOND)

    def names(where: str = "", **options: Any) -> set[str]:
        return {run.name for run in select_runs(maker.store, where=where, **options).rows}

    assert names() == {"plain"}
    assert names(include_archived=True) == {"plain", "put away"}
    assert names(trash=True) == {"thrown away", "both"}
    assert names("archived is not missing") == {"put away"}
    assert names("archived is missing or archived is not missing") == {"plain", "put away"}
    assert names("deleted is not missing") == {"thrown away"}
    assert names("deleted is not missing and archived is not missing") == {"both"}
    assert names("deleted > 2026-01-01 and archived is missing") == {"thrown away"}

    assert list_projects(maker.store).projects[0].runs == 1
    assert {column.key for column in columns_of(maker.store).params} == {"x"}
    assert [item.text for item in complete(maker.store, "params.x == ").items] == ['"shown"']
    record = select_runs(maker.store, trash=True, where="name == 'both'").rows[0]
    assert record.archived is not None
    assert record.deleted is not None
    assert select_runs(maker.store).rows[0].deleted is None


def test_a_name_means_the_run_that_is_not_in_the_trash(maker: StoreMaker) -> None:
    """Where a name is used again after a run was thrown away it names the new one; without one, that in the trash."""
    old = maker.run("mlp", deleted=START)
    assert find_run(maker.store, "mlp") == old
    new = maker.run("mlp")
    assert find_run(maker.store, "mlp") == new
    assert find_run(maker.store, old) == old


def test_a_search_over_runs_without_an_end_is_ended(
    maker: StoreMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that spends its time in regular expressions ends as an error; the next one works."""
    maker.run("run0")
    monkeypatch.setattr(timed_search, "LONGEST_SEARCH_S", 0.0)
    with pytest.raises(QueryError, match="without an end"):
        select_runs(maker.store, where='name ~ "run[0-9]"')
    monkeypatch.undo()
    assert select_runs(maker.store, where='name ~ "run[0-9]"').total == 1


def test_a_figure_of_a_metric_can_be_a_column(maker: StoreMaker) -> None:
    """A column may name a figure in any of the forms of a filter; all figures of that metric are loaded."""
    maker.run(metrics={"val/loss": [3.0, 1.0, 2.0], "other": [1.0]})
    for column in ('metrics["val/loss"].min', "metrics.val/loss.min", "metrics.val/loss"):
        record = select_runs(maker.store, columns=[column]).rows[0]
        figures = record.metrics["val/loss"]
        assert list(record.metrics) == ["val/loss"]
        assert (figures.first, figures.last, figures.min, figures.max, figures.mean) == (
            3.0,
            2.0,
            1.0,
            3.0,
            2.0,
        )
    with pytest.raises(QueryError):
        select_runs(maker.store, columns=["val/loss"])
