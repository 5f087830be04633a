"""Runs recorded in the test's own process, and what they left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import trackrecord as tr
from tests.recorded import Inbox, inbox
from trackrecord.sdk import current, keeper


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep everything below the test's folder, and end what it leaves open."""
    for name in (
        "TRACKRECORD_RUN_ID",
        "TRACKRECORD_MODE",
        "TRACKRECORD_STRICT",
        "TRACKRECORD_PROJECT",
        "RANK",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    monkeypatch.setenv("TRACKRECORD_STORE", str(tmp_path / "store"))
    yield
    for run in current.open_runs():
        run.finish()
    keeper.drain()


@pytest.fixture
def run() -> tr.Run:
    """A run that notes misuse."""
    return tr.init("p", console=False, system_metrics=False)


@pytest.fixture
def found(tmp_path: Path) -> Callable[[], Inbox]:
    """End all runs and read what they left."""

    def read() -> Inbox:
        for run in current.open_runs():
            run.finish()
        keeper.drain()
        return inbox(tmp_path)

    return read
