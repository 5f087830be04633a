"""A fresh store for each test of the query layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.query.make_store import StoreMaker


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[StoreMaker]:
    """An empty store to fill; closed at the end."""
    made = StoreMaker(tmp_path / "store")
    yield made
    made.store.close()
