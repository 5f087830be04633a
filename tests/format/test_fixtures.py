"""Stores of earlier versions, byte for byte as these versions wrote them: read, upgraded, gone on with."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.store.journals import curve
from trackrecord.store.checking.check import check_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "scripts" / "write_format_fixture.py"
VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / "expected.json").is_file())


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_format_fixture", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READ = _script().read_store


def _copy(version: str, place: Path) -> tuple[Path, dict[str, Any]]:
    shutil.copytree(HERE / version / "store", place / "store")
    return place / "store", json.loads((HERE / version / "expected.json").read_text(encoding="utf-8"))


def test_there_are_fixtures() -> None:
    """The first schema is among them."""
    assert "0.1" in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_that_version_reads_the_same(version: str, tmp_path: Path) -> None:
    """Opened to read only: all that it holds, to the last bit, and not a byte of it changes."""
    store, expected = _copy(version, tmp_path)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    found = READ(store, read_only=True)
    for name in expected["stored"]:
        assert found[name] == expected["stored"][name], name
    after = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert {path: data for path, data in after.items() if path.suffix not in (".db-shm", ".db-wal")} == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_that_version_is_upgraded_and_goes_on(version: str, tmp_path: Path) -> None:
    """Opened to write: its inbox is taken in as that version did, new runs are added, and the check finds nothing."""
    store, expected = _copy(version, tmp_path)
    with EmbeddedStore.open(store) as opened:
        assert take_in(opened, wait_s=10.0).problems == []
    found = READ(store, read_only=False)
    for name in expected["taken_in"]:
        assert found[name] == expected["taken_in"][name], name
    curve("new", 99, 50).put(store)
    with EmbeddedStore.open(store) as opened:
        assert take_in(opened, wait_s=10.0).problems == []
        assert len(opened.series.points("new", "loss").values) == 50
    report = check_store(store, deep=True)
    assert [finding for finding in report.findings if finding.severity == "problem"] == []


def test_a_fixture_is_never_written_again(tmp_path: Path) -> None:
    """The script refuses to overwrite; what it writes today is read the same today."""
    for version in VERSIONS:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(HERE / version)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "never written again" in done.stderr
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path / "today")], check=True, capture_output=True)
    expected = json.loads((tmp_path / "today" / "expected.json").read_text(encoding="utf-8"))
    assert READ(tmp_path / "today" / "store", read_only=True) == expected["stored"]
