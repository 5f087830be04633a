"""``export parquet`` loses nothing: what Parquet readers find is what the reading API says."""

from __future__ import annotations

import json
import math
import re
import struct
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

import trackrecord as tr
from trackrecord.exchange import parquet_export
from trackrecord.exchange.parquet_export import MANIFEST, export_parquet
from trackrecord.exchange.tables import SCHEMA_VERSION, TABLES
from trackrecord.store.opening import open_store
from trackrecord.words.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
#: a NaN whose bits say more than that it is one
ODD_NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with everything that is easily lost: odd numbers, forks, rewinds, typed values, files."""
    place = tmp_path / "store"
    (tmp_path / "model.bin").write_bytes(b"weights")
    tr.define_metric("loss", project="p", store=place, goal="min")
    params = {
        "lr": 0.1,
        "n": 2**60 + 1,
        "flag": True,
        "none": None,
        "deep": {"sizes": [1, [2.5, "x"]]},
        "t": "ü",
    }
    with tr.init("p", name="base", params=params, tags=["a", "b"], notes="n\n", store=place) as run:
        print("hello")
        for step in range(10):
            run.log({"loss": 1 / (step + 1), "acc": float(step)}, step=step)
        run.log({"odd": ODD_NAN, "acc": -0.0}, step=10)
        run.log({"odd": math.inf}, step=2**53 + 1)
        run.log({"frac": -math.inf}, step=0.5)
        run.log({"frac": 1.0}, step=1)
        run.log({"text": tr.Text("well"), "picture": tr.Image([[0, 255]])}, step=1)
        run.summary["score"] = math.nan
        run.log_artifact(tmp_path / "model.bin", kind="model")
    with tr.init("p", name="forked", fork_from=(run, 3), store=place) as fork:
        fork.log({"loss": 9.0}, step=4)
    with tr.init("q", name="rewound", store=place) as back:
        for step in range(5):
            back.log({"loss": float(step)}, step=step)
        back.rewind(1)
        back.log({"loss": 7.0}, step=2)
    return place


def _export(store: Path, target: Path, **options: Any) -> dict[str, int]:
    with open_store(store) as opened:
        return export_parquet(opened, target, **options)


def _points(folder: Path) -> dict[tuple[str, str], tuple[list[Any], list[int], list[int]]]:
    """Return what pyarrow reads: steps, times and bits of the values by run and metric."""
    table = pq.read_table(folder / "points")
    found: dict[tuple[str, str], tuple[list[Any], list[int], list[int]]] = {}
    columns = [table[name].to_pylist() for name in ("run", "metric", "step", "whole_step")]
    times = table["time"].cast("int64").to_pylist()
    bits = table["value"].to_numpy().view(np.uint64).tolist()
    for run, metric, step, whole, time, value in zip(*columns, times, bits, strict=True):
        steps, moments, values = found.setdefault((run, metric), ([], [], []))
        steps.append(step if whole is None else whole)
        moments.append(time)
        values.append(value)
    return found


def _same(found: tuple[list[Any], list[int], list[int]], points: Any) -> None:
    assert found[0] == points.steps.tolist()
    assert found[1] == points.times.tolist()
    assert found[2] == points.values.view(np.uint64).tolist()


def test_points_come_back_to_the_bit(store: Path, tmp_path: Path) -> None:
    """Steps of both kinds, nanoseconds and every bit of a value are those that the reading API gives."""
    _export(store, tmp_path / "out")
    found = _points(tmp_path / "out")
    base, rewound = (tr.open_run(name, store=store) for name in ("base", "rewound"))

    for run in (base, rewound):
        for metric in run.metrics:
            _same(found[run.id, metric], run.metric(metric).points())
    assert found[base.id, "odd"][0] == [10, 2**53 + 1]
    assert found[base.id, "odd"][2][0] == 0x7FF8_0000_DEAD_BEEF
    assert found[base.id, "frac"][0] == [0.5, 1]
    assert found[rewound.id, "loss"][0] == [0, 1, 2]


def test_a_fork_has_its_own_points_unless_resolved(store: Path, tmp_path: Path) -> None:
    """Inherited points are written once, for the run that logged them, or with --resolved for both."""
    fork = tr.open_run("forked", store=store)
    _export(store, tmp_path / "own")
    _export(store, tmp_path / "resolved", resolved=True)

    assert _points(tmp_path / "own")[fork.id, "loss"][0] == [4]
    assert (fork.id, "acc") not in _points(tmp_path / "own")
    resolved = _points(tmp_path / "resolved")
    _same(resolved[fork.id, "loss"], fork.metric("loss").points())
    assert resolved[fork.id, "acc"][0] == [0, 1, 2, 3]
    row = pq.read_table(tmp_path / "own" / "runs.parquet").to_pylist()
    named = {each["name"]: each for each in row}
    assert (named["forked"]["fork_run"], named["forked"]["fork_step"]) == (named["base"]["run"], 3.0)


def test_runs_and_their_values_are_those_of_the_reading_api(store: Path, tmp_path: Path) -> None:
    """Every field of a run, and params and summary with their exact JSON."""
    _export(store, tmp_path / "out")
    runs = pl.read_parquet(tmp_path / "out" / "runs.parquet").to_dicts()
    by_id = {row["run"]: row for row in runs}
    for record in tr.runs(store=store):
        row = by_id[record.id]
        assert [
            row[name] for name in ("name", "project", "state", "tags", "notes", "points", "user_name")
        ] == [
            record.name,
            record.project,
            str(record.state),
            list(record.tags),
            record.notes,
            record.points,
            record.user,
        ]
        assert row["created"].timestamp() == pytest.approx(record.created.timestamp(), abs=1e-6)
    base = tr.open_run("base", store=store)
    params = {
        row["key"]: row
        for row in pl.read_parquet(tmp_path / "out" / "params.parquet").to_dicts()
        if row["run"] == base.id
    }
    assert set(params) == set(base.params)
    assert (params["lr"]["number"], params["t"]["text"]) == (0.1, "ü")
    assert (params["flag"]["kind"], params["none"]["kind"]) == ("bool", "none")
    assert json.loads(params["n"]["value"]) == {"$int": str(2**60 + 1)}
    assert json.loads(params["deep.sizes"]["value"]) == base.params["deep.sizes"]
    (score,) = pl.read_parquet(tmp_path / "out" / "summary.parquet").to_dicts()
    assert (score["kind"], math.isnan(score["number"])) == ("float", True)


def test_duckdb_reads_the_folder(store: Path, tmp_path: Path) -> None:
    """The files are what DuckDB expects: figures agree with the points beside them."""
    rows = _export(store, tmp_path / "out")
    with duckdb.connect() as connection:
        figures = connection.execute(
            f"SELECT run, metric, count(*) FROM '{tmp_path}/out/points/*.parquet' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        told = connection.execute(
            f"SELECT run, metric, points FROM '{tmp_path}/out/metrics.parquet' ORDER BY ALL"
        ).fetchall()
    assert figures == told
    assert rows["points"] == sum(count for *_, count in figures)


def test_what_is_no_number_is_there_too(store: Path, tmp_path: Path) -> None:
    """Console, media, artifacts with their files, contracts, rewinds and facts; with --files the bytes."""
    rows = _export(store, tmp_path / "out", files=True)
    base = tr.open_run("base", store=store)

    console = pq.read_table(tmp_path / "out" / "console.parquet").to_pylist()
    assert "".join(line["text"] for line in console if line["run"] == base.id) == base.console()
    media = {row["key"]: row for row in pq.read_table(tmp_path / "out" / "media.parquet").to_pylist()}
    assert json.loads(media["text"]["data"]) == {"text": "well"}
    (artifact,) = pq.read_table(tmp_path / "out" / "artifacts.parquet").to_pylist()
    (file,) = pq.read_table(tmp_path / "out" / "files.parquet").to_pylist()
    assert (artifact["artifact"], artifact["relation"], file["path"]) == ("model.bin", "logged", "model.bin")
    for digest in (file["digest"], media["picture"]["digest"]):
        text = digest.partition(":")[2]
        assert (tmp_path / "out" / "blobs" / text[:2] / text[2:4] / text).exists()
    assert rows["blobs"] == 2
    assert pq.read_table(tmp_path / "out" / "contracts.parquet").to_pylist()[0]["goal"] == "min"
    assert rows["rewinds"] == 1
    facts = pq.read_table(tmp_path / "out" / "facts.parquet").to_pylist()
    assert {json.loads(row["value"]) is not None for row in facts} == {True}


def test_some_runs_only(store: Path, tmp_path: Path) -> None:
    """Chosen runs take with them what belongs to them and their projects, and nothing of others."""
    wanted = tr.runs('name == "rewound"', store=store)[0].id
    rows = _export(store, tmp_path / "out", run_ids=[wanted])

    assert (rows["runs"], rows["projects"], rows["points"]) == (1, 1, 3)
    assert pq.read_table(tmp_path / "out" / "projects.parquet")["project"].to_pylist() == ["q"]
    assert rows["files"] == rows["contracts"] == 0


def test_each_file_says_its_schema_version(store: Path, tmp_path: Path) -> None:
    """Version and table stand in the metadata of every file, and in the manifest."""
    _export(store, tmp_path / "out")

    for path in (tmp_path / "out").rglob("*.parquet"):
        metadata = pq.read_schema(path).metadata
        assert metadata[b"trackrecord.schema_version"] == str(SCHEMA_VERSION).encode()
        assert metadata[b"trackrecord.table"].decode() in {*TABLES, "points"}
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["schema_version"], manifest["points"]) == (SCHEMA_VERSION, "own")


def test_an_export_is_replaced_only_when_asked(store: Path, tmp_path: Path) -> None:
    """What is there stays, unless it is an export and overwriting was said."""
    target = tmp_path / "out"
    _export(store, target)
    with pytest.raises(UsageError, match="is there already"):
        _export(store, target)
    _export(store, target, overwrite=True, run_ids=[])
    assert pq.read_table(target / "runs.parquet").num_rows == 0

    other = tmp_path / "precious"
    other.mkdir()
    (other / "thesis.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(UsageError, match="no export"):
        _export(store, other, overwrite=True)
    assert (other / "thesis.txt").read_text(encoding="utf-8") == "all of it"


def test_a_failure_leaves_nothing_half_done(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When writing fails in the middle, the older export is whole and nothing lies beside it."""
    target = tmp_path / "out"
    _export(store, target)
    before = sorted(path.name for path in tmp_path.iterdir())

    def fails(*_: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(parquet_export, "_write_points", fails)
    with pytest.raises(OSError, match="disk full"):
        _export(store, target, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert pq.read_table(target / "runs.parquet").num_rows == 3


def test_points_lie_in_order_and_small_groups(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several files and row groups are sorted by run, metric and step, and hold each point once."""
    monkeypatch.setattr(parquet_export, "ROWS_A_GROUP", 7)
    monkeypatch.setattr(parquet_export, "_ROWS_A_FILE", 12)
    told: list[tuple[int, int]] = []
    rows = _export(store, tmp_path / "out", on_progress=lambda done, total: told.append((done, total)))

    files = sorted((tmp_path / "out" / "points").iterdir())
    assert len(files) > 1
    assert all(
        pq.ParquetFile(path).metadata.row_group(group).num_rows <= 7
        for path in files
        for group in range(pq.ParquetFile(path).metadata.num_row_groups)
    )
    points = [row for path in files for row in pq.read_table(path).to_pylist()]
    keys = [(row["run"], row["metric"], row["step"], row["time"]) for row in points]
    assert keys == sorted(keys)
    assert told[-1] == (rows["points"], rows["points"])
    _same(
        _points(tmp_path / "out")[tr.open_run("base", store=store).id, "odd"],
        tr.open_run("base", store=store).metric("odd").points(),
    )


def test_the_page_documents_every_column() -> None:
    """docs/export.md lists each table with exactly its columns, in their order."""
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    told = {
        match[1]: re.findall(r"^\| `(\w+)` \|", match[2], flags=re.MULTILINE)
        for match in re.finditer(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    }
    expected = {name: [field.name for field in table.fields] for name, table in TABLES.items()}
    expected["points"] = ["run", "metric", "step", "whole_step", "time", "value"]
    assert told == expected
