"""What the other pages ask: one run, projects, columns, console, media, changes, curves, completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.query.make_store import START, StoreMaker
from trackrecord.query.changes import changes_since
from trackrecord.query.charts import chart
from trackrecord.query.columns import columns_of
from trackrecord.query.complete import complete
from trackrecord.query.console import console_page
from trackrecord.query.find_run import find_run
from trackrecord.query.media import media_page
from trackrecord.query.projects import list_projects, project_detail
from trackrecord.query.run_detail import run_detail
from trackrecord.store.contract import SeriesRequest
from trackrecord.words.errors import AmbiguousError, NotFoundError, UsageError


def test_runs_are_found_by_pieces_of_their_id_and_by_name(maker: StoreMaker) -> None:
    """Beginning, ending or name name a run as long as no other run fits."""
    first = maker.run("alpha", id="0198aaaa" + "0" * 16 + "11112222")
    second = maker.run("beta", id="0198bbbb" + "0" * 16 + "33332222")
    assert find_run(maker.store, first) == first
    assert find_run(maker.store, "0198a") == first
    assert find_run(maker.store, "33332222") == second
    assert find_run(maker.store, " beta ") == second
    assert find_run(maker.store, "0198BBBB") == second


def test_ambiguous_and_unknown_runs_are_explained(maker: StoreMaker) -> None:
    """Several candidates are listed, an unknown name gets a suggestion, a short piece is no id."""
    first = maker.run("alpha", id="0198aaaa" + "0" * 16 + "11112222")
    second = maker.run("alpha", id="0198bbbb" + "0" * 16 + "33332222")
    for text in ("0198", "2222", "alpha"):
        with pytest.raises(AmbiguousError) as ambiguous:
            find_run(maker.store, text)
        assert set(ambiguous.value.suggestions) == {first, second}
        assert "11112222" in str(ambiguous.value)
    with pytest.raises(NotFoundError) as caught:
        find_run(maker.store, "alpah")
    assert caught.value.suggestions == ("alpha",)
    for text in ("019", "", "\x00", "\ud800", "%", "' OR 1=1"):
        with pytest.raises(NotFoundError):
            find_run(maker.store, text)


def test_a_name_is_enough_within_a_project(maker: StoreMaker) -> None:
    """With a project only its runs are meant; without one the error names the projects and --project."""
    first, second = maker.run("alpha", project="iris"), maker.run("alpha", project="digits")
    assert find_run(maker.store, "alpha", "iris") == first
    assert find_run(maker.store, second, "digits") == second
    with pytest.raises(AmbiguousError) as ambiguous:
        find_run(maker.store, "alpha")
    for expected in ("project iris", "project digits", "--project"):
        assert expected in str(ambiguous.value)
    for text in (second, second[-8:], "alhpa"):
        with pytest.raises(NotFoundError, match="in project 'iris'"):
            find_run(maker.store, text, "iris")
    with pytest.raises(NotFoundError, match="There is no project"):
        find_run(maker.store, "alpha", "irsi")


def test_one_run_whole(maker: StoreMaker) -> None:
    """The page of a run gets everything that the store knows of it."""
    older = maker.run("older")
    run = maker.run(
        "whole", params={"lr": 0.1}, hypothesis="It works", command='["train.py", "--lr"]', fork_run=older,
        fork_step=10.0, exit_code=1, traceback="Traceback", state="failed",
    )  # fmt: skip
    child = maker.run("child", parent=run)
    number = int(run, 16)
    maker.insert("param_conflict", run=number, key="lr", value="0.2")
    maker.insert("fact", run=number, part="git", value='{"commit": "abc", "dirty": true}')
    maker.insert("fact", run=number, part="packages", digest="sha256:" + "0" * 64)
    maker.insert(
        "artifact",
        number=1,
        project=1,
        name="model",
        version=2,
        kind="model",
        digest="d",
        size=5,
        created=START,
    )
    maker.insert("artifact_file", artifact=1, path="m.bin", digest="e", size=5)
    maker.insert("run_artifact", run=number, artifact=1, relation="logged", time=START)
    maker.insert("media", number=1, run=number, key="samples", kind="image", step=3.0, time=START)
    maker.insert(
        "problem", run=number, writer="w1", code="c", message="m", count=2, first=START, last=START + 1
    )
    maker.insert(
        "problem", run=number, writer="w2", code="c", message="m", count=3, first=START, last=START + 2
    )
    process = json.dumps({"host": "gpu3", "pid": 7})
    maker.insert(
        "writer", run=number, writer="w1", role="begin", process=process, state="failed", started=START
    )

    detail = run_detail(maker.store, "whole")

    assert (detail.record.hypothesis, detail.record.exit_code, detail.traceback) == (
        "It works",
        1,
        "Traceback",
    )
    assert detail.command == ("train.py", "--lr")
    assert detail.param_conflicts == {"lr": (0.1, 0.2)}
    assert detail.environment == {"git": {"commit": "abc", "dirty": True}}
    assert [(each.name, each.version, each.files[0].path) for each in detail.artifacts] == [
        ("model", 2, "m.bin")
    ]
    assert [(each.key, each.entries, each.last_step) for each in detail.media] == [("samples", 1, 3)]
    assert [(each.code, each.count) for each in detail.problems] == [("c", 5)]
    assert [(each.host, each.pid, str(each.state)) for each in detail.writers] == [("gpu3", 7, "failed")]
    assert detail.forked_from == (older, 10)
    assert [each.id for each in detail.children] == [child]
    assert (detail.previous, detail.next) == (older, child)


def test_projects_newest_activity_first_with_their_best(maker: StoreMaker) -> None:
    """A project shows counts, and the best of its primary metric with the run that reached it."""
    maker.contract("digits", "accuracy", "max", primary=True, unit="%")
    maker.run("low", metrics={"accuracy": [0.5]})
    best = maker.run("high", metrics={"accuracy": [0.9, 0.7]}, state="failed", experiment="Q1")
    maker.run("nan", metrics={"accuracy": [float("nan")]})
    maker.insert("project", number=9, name="newer", created=START, changed=START + 1)
    page = list_projects(maker.store)
    assert [project.name for project in page.projects] == ["newer", "digits"]
    digits = page.projects[1]
    assert (digits.runs, digits.failed, digits.running, digits.experiments) == (3, 1, 0, 1)
    assert digits.primary is not None
    assert (digits.primary.best, digits.primary.run, digits.primary.unit) == (0.9, best, "%")
    assert page.projects[0].primary is None
    first = list_projects(maker.store, limit=1)
    assert (first.total, list_projects(maker.store, cursor=first.next_cursor).projects) == (
        2,
        page.projects[1:],
    )


def test_a_project_whole(maker: StoreMaker) -> None:
    """The page of a project gets contracts, experiments with their runs, and every column."""
    maker.contract("digits", "loss", "min")
    maker.experiment("digits", "Q1", hypothesis="h", conclusion="c")
    maker.run(params={"a": 1}, summary={"s": "x"}, metrics={"loss": [1.0]}, experiment="Q1")
    maker.run(params={"a": "text", "b": None}, project="digits")
    maker.run(params={"other": 1}, project="iris")
    detail = project_detail(maker.store, "digits")
    assert [contract.pattern for contract in detail.contracts] == ["loss"]
    assert [(each.name, each.runs, each.conclusion) for each in detail.experiments] == [("Q1", 1, "c")]
    columns = [(column.key, column.runs, column.types) for column in detail.columns.params]
    assert columns == [("a", 2, ("int", "text")), ("b", 1, ("none",))]
    assert [column.key for column in detail.columns.metrics] == ["loss"]
    assert [column.key for column in columns_of(maker.store).params] == ["a", "b", "other"]
    with pytest.raises(NotFoundError):
        project_detail(maker.store, "digit")


def test_console_from_a_line_on_and_from_the_end(maker: StoreMaker) -> None:
    """Lines come after the one already held, or the last ones, always in order."""
    run = maker.run("talks")
    for n in range(1, 8):
        maker.insert("console", run=1, n=n, time=START, stream="stdout", text=f"line {n}\n")
    page = console_page(maker.store, run, after=2, limit=3)
    assert ([line.n for line in page.lines], page.next, page.total) == ([3, 4, 5], 5, 7)
    assert [line.n for line in console_page(maker.store, run, limit=2, tail=True).lines] == [6, 7]
    assert console_page(maker.store, run, after=7).lines == ()
    assert console_page(maker.store, run, after=7).next == 7


def test_media_in_the_order_of_steps(maker: StoreMaker) -> None:
    """Entries are paged in the order of steps or the newest first; a key that was never logged is an error."""
    maker.run("pictures")
    for number, step in enumerate((2.0, 0.0, 1.5)):
        maker.insert(
            "media", number=number, run=1, key="k", kind="text", step=step, time=START, data='{"text": "t"}'
        )
    page = media_page(maker.store, "pictures", "k", limit=2)
    assert [entry.step for entry in page.entries] == [0, 1.5]
    assert page.entries[0].data == {"text": "t"}
    rest = media_page(maker.store, "pictures", "k", cursor=page.next_cursor)
    assert ([entry.step for entry in rest.entries], rest.next_cursor, rest.total) == ([2], None, 3)
    newest = media_page(maker.store, "pictures", "k", limit=2, newest_first=True)
    assert [entry.step for entry in newest.entries] == [2, 1.5]
    oldest = media_page(maker.store, "pictures", "k", cursor=newest.next_cursor, newest_first=True)
    assert ([entry.step for entry in oldest.entries], oldest.next_cursor, oldest.total) == ([0], None, 3)
    with pytest.raises(NotFoundError):
        media_page(maker.store, "pictures", "other")


def test_changes_since_a_revision(maker: StoreMaker) -> None:
    """Only what is younger is named, and nothing at all is named when it is too much."""
    maker.run("old")
    before = maker.store.catalog.revision()
    new = maker.run("new", last_step=3.0)
    changes = changes_since(maker.store, before)
    assert changes.runs is not None
    assert [(run.id, run.project, run.last_step) for run in changes.runs] == [(new, "digits", 3)]
    assert changes.projects == ("digits",)
    assert changes.revision == maker.store.catalog.revision()
    assert changes_since(maker.store, changes.revision).runs == ()


def test_curves_that_can_not_be_drawn_are_refused(maker: StoreMaker) -> None:
    """A chart of no pixels, of too many curves or from NaN on is an error; an unknown metric has no points."""
    run = maker.run()
    request = SeriesRequest(run, "nothing")
    assert chart(maker.store, [request]).series[0].total == 0
    for wrong in (
        [request] * 2001,
        [SeriesRequest(run, "m", pixels=0)],
        [SeriesRequest(run, "m", low=float("nan"))],
    ):
        with pytest.raises(UsageError):
            chart(maker.store, wrong)


@pytest.mark.parametrize(
    ("text", "wanted", "kind"),
    [
        ("", "val/accuracy", "metric"),
        ("acc", "val/accuracy", "metric"),
        ("params.op", "params.optimizer", "param"),
        ("tru", "true_score", "summary"),
        ("sta", "state", "field"),
        ("state ", "==", "operator"),
        ('state == "fi', '"finished"', "value"),
        ("params.optimizer == ", '"adam"', "value"),
        ("val/accuracy > 1 ", "and", "operator"),
        ("not ", "val/accuracy", "metric"),
        ("name is ", "missing", "operator"),
        ('params.optimizer in ["sgd", ', '"adam"', "value"),
        ("tags contains ", '"base"', "value"),
        ("created > ", "-7d", "value"),
        ("name not ", "in", "operator"),
        ("(", "val/accuracy", "metric"),
    ],
)
def test_completions_fit_the_place(maker: StoreMaker, text: str, wanted: str, kind: str) -> None:
    """At each place of a filter what may stand there is offered."""
    maker.run(
        params={"optimizer": "adam"},
        summary={"true_score": 1},
        metrics={"val/accuracy": [1.0]},
        tags=["base"],
    )
    found = complete(maker.store, text, project="digits")
    assert (wanted, kind) in [(item.text, item.kind) for item in found.items]
    assert found.end == len(text)
    assert text[found.start :] in ("", *text.split())


def test_completions_of_any_beginning_of_a_filter(maker: StoreMaker) -> None:
    """Whatever was typed so far, asking for completions is no error."""
    maker.run(params={"a b": "x"}, metrics={"val/accuracy": [1.0]})
    whole: Any = 'not (`a b` == "x\\"" and val/accuracy.max > -1e-3) or created > -7d # ( [ in "" \x00'
    for position in range(len(whole) + 1):
        found = complete(maker.store, whole, position)
        assert 0 <= found.start <= position <= found.end
