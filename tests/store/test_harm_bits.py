"""Flipped bits at random places: an error or right numbers, never wrong ones; the check finds what hit a payload."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.store.journals import Journal, curve
from trackrecord.journal.format import FILE_HEADER, Kind
from trackrecord.journal.reader import Damage, Record, end_of, scan
from trackrecord.store.checking.check import check_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import FormatError, StoreError

_RUNS, _STEPS = 4, 3000


def _value(run: int, step: int) -> float:
    return random.Random(run * 1_000_003 + step).random()


def _fill(path: Path) -> dict[tuple[str, str], dict[int, float]]:
    truth: dict[tuple[str, str], dict[int, float]] = {}
    for number in range(_RUNS):
        journal = Journal(f"run{number}", number + 1).begin(name=f"n{number}")
        for step in range(_STEPS):
            value = _value(number, step)
            journal.log({"loss": value, "acc": -value}, step)
            truth.setdefault((f"run{number}", "loss"), {})[step] = value
            truth.setdefault((f"run{number}", "acc"), {})[step] = -value
        journal.finish().put(path)
    with EmbeddedStore.open(path) as store:
        assert take_in(store).problems == []
    return truth


def _read(path: Path, run: str, key: str) -> dict[int, float] | None:
    """Return the points of a metric by step; None when there is an error that says what is wrong."""
    try:
        with EmbeddedStore.open(path, read_only=True) as store:
            found = store.series.points(run, key)
            return dict(zip(found.steps.tolist(), found.values.tolist(), strict=True))
    except (StoreError, FormatError) as error:
        assert str(error)  # noqa: PT017 - no error is as good as one that says what it is
        return None


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_a_flipped_bit_in_the_database_gives_no_wrong_number(tmp_path: Path, seed: int) -> None:
    """Every point that comes out is the one that was logged; where points are missing or refused, the check says so."""
    truth = _fill(tmp_path / "sound")
    content = (tmp_path / "sound" / "store.db").read_bytes()
    rng = random.Random(seed)
    for attempt in range(12):
        path = tmp_path / f"hit{attempt}"
        shutil.copytree(tmp_path / "sound", path)
        changed = bytearray(content)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        (path / "store.db").write_bytes(changed)
        all_there = True
        for (run, key), points in truth.items():
            found = _read(path, run, key)
            if found is None:
                all_there = False
                continue
            assert all(points[step] == value for step, value in found.items())
            all_there = all_there and len(found) == len(points)
        report = check_store(path)
        if not all_there:
            assert not report.ok
        if not report.ok:
            check_store(path, fix=True)
            assert check_store(path, deep=True).ok
            for (run, key), points in truth.items():
                assert all(points[step] == value for step, value in (_read(path, run, key) or {}).items())
        shutil.rmtree(path)


def test_every_flipped_bit_of_a_payload_is_found(tmp_path: Path) -> None:
    """The check finds a flipped bit anywhere in the bytes of a chunk, and the repair keeps all other chunks."""
    _fill(tmp_path / "sound")
    content = (tmp_path / "sound" / "store.db").read_bytes()
    with EmbeddedStore.open(tmp_path / "sound", read_only=True) as store:
        payloads = [row[0] for row in store.catalog.rows("SELECT vals FROM metric_chunk")]
    rng = random.Random(7)
    for attempt in range(6):
        payload = rng.choice(payloads)
        at = content.find(payload[:200])  # longer ones go over several pages
        assert at > 0
        changed = bytearray(content)
        changed[at + rng.randrange(200)] ^= 1 << rng.randrange(8)
        path = tmp_path / f"hit{attempt}"
        shutil.copytree(tmp_path / "sound", path)
        (path / "store.db").write_bytes(changed)
        kinds = [found.kind for found in check_store(path).findings]
        assert kinds == ["chunk"]
        assert check_store(path, fix=True).ok
        with EmbeddedStore.open(path) as store:
            assert store.catalog.rows("SELECT sum(points) FROM run") == [(_RUNS * _STEPS * 2 - _STEPS,)]


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_in_a_row_of_a_journal_costs_that_row(tmp_path: Path, seed: int) -> None:
    """One call of ``log()`` is lost and reported on the run; every other one is there."""
    journal = curve("run1", 1, 200, keys=("loss", "acc"))
    data = bytearray(journal.bytes())
    rows = [
        item
        for item in scan(bytes(data), FILE_HEADER.size)
        if isinstance(item, Record) and item.kind == Kind.ROW
    ]
    rng = random.Random(seed)
    hit = rng.randrange(len(rows))
    # padding is not covered by the checksum, and says nothing
    data[rng.randrange(rows[hit].offset, end_of(rows[hit]))] ^= 1 << rng.randrange(8)
    journal.segments = [[bytes(data)]]
    journal.put(tmp_path)
    assert any(isinstance(item, Damage) for item in scan(bytes(data), FILE_HEADER.size, final=True))
    assert not check_store(tmp_path).ok
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        steps = store.series.points("run1", "loss").steps.tolist()
        assert steps == [step for step in range(200) if step != hit]
        assert [code for (code,) in store.catalog.rows("SELECT code FROM problem")] == ["damage"]
    assert check_store(tmp_path).ok


@pytest.mark.parametrize("seed", range(10))
def test_a_flipped_bit_anywhere_in_a_journal_keeps_the_other_journals(tmp_path: Path, seed: int) -> None:
    """Whatever bit of a journal is hit: nothing fails, other runs are whole, no point is another one."""
    for number in range(3):
        curve(f"run{number}", number + 1, 100).put(tmp_path)
    path = curve("run1", 2, 100).path(tmp_path)
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        for run in ("run0", "run2"):
            assert store.series.points(run, "loss").values.tolist() == [1 / (1 + step) for step in range(100)]
        found = store.series.points("run1", "loss")
        assert found.values.tolist() == [1 / (1 + step) for step in found.steps.tolist()]
    check_store(tmp_path, fix=True)
