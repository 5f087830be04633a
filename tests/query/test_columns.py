"""Stored columns: whatever is in blocks, changed since, gone or not written yet, the answers are those of the rows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.query.make_store import StoreMaker
from trackrecord.query.columns import columns_of
from trackrecord.query.groups import group_runs
from trackrecord.query.runs import select_runs
from trackrecord.store.columns import blocks as column_blocks
from trackrecord.store.columns import columns
from trackrecord.store.embedded import EmbeddedStore

QUESTIONS = (
    ("", "-created"),
    ("params.lr > 0.5", "params.lr"),
    ("params.name contains 'a' or params.lr is missing", "-params.name"),
    ("val/loss < 0.5 and 'best' not in tags", "val/loss"),
    ("metrics['val/loss'].min > 0.1", "-metrics['val/loss'].max"),
    ("tags is missing", "name"),
    ("result is nan or result == none", "result"),
    ("params.rare == 7", "-created"),
)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 8 numbers, written as soon as 3 runs are in none: the same rules at the size of a test."""
    for module in (column_blocks, columns):
        monkeypatch.setattr(module, "BLOCK", 8)
    monkeypatch.setattr(columns, "MOST_STALE", 3)
    monkeypatch.setattr(column_blocks, "_FEW", 4)


def _add(maker: StoreMaker, chance: random.Random, number: int) -> str:
    params: dict[str, Any] = {"lr": chance.random(), "name": chance.choice(["adam", "sgd", "größe"])}
    if chance.random() < 0.3:
        params["lr"] = chance.choice([None, "auto", [1, 2], 3])
    if number == 5:
        params["rare"] = 7
    return maker.run(
        params={key: value for key, value in params.items() if chance.random() < 0.8},
        summary={"result": chance.choice([None, float("nan"), 1, "good"])} if chance.random() < 0.5 else {},
        metrics={"val/loss": [chance.random(), chance.random()]} if chance.random() < 0.7 else {},
        tags=[tag for tag in ("best", "old") if chance.random() < 0.3],
    )


def _answers(store: EmbeddedStore) -> list[Any]:
    found: list[Any] = []
    for where, order in QUESTIONS:
        try:
            page = select_runs(store, where=where, order_by=order, limit=None, columns=[])
        except Exception as error:  # noqa: BLE001 - a name that nothing has any more: the same error either way
            found.append(str(error))
            continue
        found.append((page.total, [run.id for run in page.rows]))
    grouped = group_runs(store, ["tags", "params.lr"], results=["metrics.val/loss"])
    return [*found, columns_of(store), repr((grouped.total, grouped.runs, grouped.groups))]


def _tidy(store: EmbeddedStore) -> int:
    """Write blocks until nothing is due; return how many there are."""
    more = True
    while more:
        with store.connections.writing(5) as connection:
            more = columns.tidy(connection, 0.01) and columns.is_due(connection)
    return int(store.catalog.rows("SELECT count(*) FROM column_block")[0][0])


def test_a_warm_process_a_cold_one_and_one_without_blocks_agree(
    maker: StoreMaker, small_blocks: None
) -> None:
    """Whatever is added, changed, removed and tidied: kept columns, stored ones and the rows give the same answers."""
    chance = random.Random(7)
    for number in range(30):
        _add(maker, chance, number)
    for turn in range(25):
        _change(maker, chance)
        blocks = _tidy(maker.store) if turn % 3 == 0 else None
        assert blocks is None or blocks > 0
        warm = _answers(maker.store)
        with EmbeddedStore.open(maker.store.path, read_only=True) as cold:
            assert _answers(cold) == warm
        if turn % 6 == 0:
            with maker.store.connections.writing(5) as connection:
                connection.execute("DELETE FROM column_block")
                connection.execute("DELETE FROM column_part")
            with EmbeddedStore.open(maker.store.path, read_only=True) as bare:
                assert _answers(bare) == warm


def _change(maker: StoreMaker, chance: random.Random) -> None:
    """Add, edit, throw away, archive or remove a few runs, as the ingester does."""
    numbers = [row[0] for row in maker.store.catalog.rows("SELECT number FROM run")]
    for number in chance.sample(numbers, 3):
        what = chance.choice(["param", "tag", "delete", "archive", "metric", "purge", "redact"])
        with maker.store.connections.writing(5) as connection:
            if what == "param":
                connection.execute(
                    "INSERT OR REPLACE INTO param VALUES (?, 'lr', 'float', ?, NULL, '0.25', 0, 'w', 0)",
                    (number, chance.random()),
                )
            elif what == "redact":
                connection.execute("DELETE FROM param WHERE run = ? AND key = 'name'", (number,))
            elif what == "tag":
                connection.execute("DELETE FROM tag WHERE run = ?", (number,))
            elif what == "metric":
                connection.execute("UPDATE metric SET last = NULL, min = NULL WHERE run = ?", (number,))
            elif what in ("delete", "archive"):
                column = {"delete": "deleted", "archive": "archived"}[what]
                connection.execute(f"UPDATE run SET {column} = 5 WHERE number = ?", (number,))
            else:
                for table in ("param", "summary", "metric", "tag"):
                    connection.execute(f"DELETE FROM {table} WHERE run = ?", (number,))
                connection.execute("DELETE FROM run WHERE number = ?", (number,))
        if what != "purge":
            maker.touch(number)
    _add(maker, chance, 99)


def test_a_number_that_is_used_again_is_another_run(maker: StoreMaker, small_blocks: None) -> None:
    """A run that gets the number of a purged one has nothing of it, also where blocks still hold that."""
    for number in range(15):
        maker.run(f"run-{number}", params={"lr": 1.0}, tags=["old"])
    assert _tidy(maker.store) == 2
    with maker.store.connections.writing(5) as connection:
        for table, column in (("param", "run"), ("tag", "run"), ("run", "number")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = 15")
        connection.execute("UPDATE revision SET value = value + 1")
        connection.execute(
            "INSERT INTO run (number, id, project, name, created, grown_at, revision) "
            "SELECT 15, 'other', 1, 'other', 1, 1, value FROM revision"
        )

    for store in (maker.store, EmbeddedStore.open(maker.store.path, read_only=True)):
        assert [run.name for run in select_runs(store, where="params.lr is missing").rows] == ["other"]
        assert select_runs(store, where="'old' in tags").total == 14
        assert columns_of(store).params[0].runs == 14
        if store is not maker.store:
            store.close()


def test_tidying_shows_nothing_and_ends(maker: StoreMaker, small_blocks: None) -> None:
    """Writing columns changes no revision, is not due again at once, and is not done for a few runs."""
    maker.run(params={"lr": 1})
    assert _tidy(maker.store) == 0
    for _ in range(40):
        maker.run(params={"lr": 1})
    before = maker.store.catalog.revision()
    assert _tidy(maker.store) > 0
    assert maker.store.catalog.revision() == before
    with maker.store.connections.writing(5) as connection:
        assert not columns.is_due(connection)
        assert not columns.tidy(connection, 1.0)


def test_a_budget_is_kept_between_blocks(maker: StoreMaker, small_blocks: None) -> None:
    """With no time left, tidying writes nothing and says that there is more; with time it writes all that is due."""
    for _ in range(40):
        maker.run(params={"lr": 1})
    with maker.store.connections.writing(5) as connection:
        assert columns.tidy(connection, -1.0)
        assert connection.execute("SELECT count(*) FROM column_block").fetchone()[0] == 0
        assert not columns.tidy(connection, 60.0)
        assert not columns.is_due(connection)


def test_kept_columns_are_bounded(maker: StoreMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was asked for many columns forgets the oldest, and still answers right."""
    monkeypatch.setattr(columns, "MOST_KEPT_BYTES", 500)
    for number in range(20):
        maker.run(f"run-{number}", params={f"p{key}": number for key in range(10)})
    for key in range(10):
        assert select_runs(maker.store, where=f"params.p{key} >= 15").total == 5
    assert len(maker.store.catalog.columns._kept._found) < 10
