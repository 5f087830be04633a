"""Every example of docs/query.md is run, over runs that were really recorded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import trackrecord as tr
from trackrecord.query.names import FIELDS
from trackrecord.query.syntax import FIGURES

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text(encoding="utf-8")


def _examples(language: str) -> list[str]:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that have everything the examples name."""
    store = tmp_path_factory.mktemp("docs") / "store"
    for number, optimizer in enumerate(["adam", "sgd", "adam"]):
        params = {
            "max_depth": 3, "optimizer": optimizer, "learning rate": 0.01, "verbose": True, "seed": 1000 + number,
            "checkpoint": None,
        }  # fmt: skip
        with tr.init("digits", name=f"mlp-{number}", params=params, tags=["baseline"], store=store) as run:
            tr.define_metric("val/accuracy", goal="max")
            for step in range(3):
                run.log({"val/accuracy": 0.9 + 0.03 * step, "train/loss": 1 / (step + 1)}, step=step)
            run.summary["accuracy"] = 0.9 + 0.03 * number
    return store


COUNTS = {
    'name startswith "mlp"': 3,
    'name contains "baseline"': 0,
    "train/loss is nan": 0,
    "duration > 10m": 0,
    "accuracy > 0.9": 2,
    'params.optimizer not in ["rmsprop"]': 3,
    'not (params.optimizer == "sgd" or val/accuracy < 0.5) and created > -30d': 2,
    'metrics["val/accuracy"].best > 0.9 and metrics["train/loss"].nonfinite == 0': 3,
    '"broken" not in tags': 3,
    "params.checkpoint == none or params.checkpoint is missing": 3,
}


@pytest.mark.parametrize("example", _examples("filter"))
def test_every_filter_of_the_page_runs(recorded: Path, example: str) -> None:
    """Each example is understood; where the number of runs is known, it is right."""
    found = tr.runs(example, store=recorded)
    assert len(found) == COUNTS.get(example, len(found))


def test_the_page_has_the_checked_examples() -> None:
    """The counts above belong to examples that are on the page."""
    assert set(COUNTS) <= set(_examples("filter"))


@pytest.mark.parametrize("example", _examples("order"))
def test_every_order_of_the_page_runs(recorded: Path, example: str) -> None:
    """Each order is understood and loses no run."""
    assert len(tr.runs(order_by=example, store=recorded)) == 3


def test_the_python_of_the_page_runs(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first snippet works as it stands."""
    pytest.importorskip("pandas")
    monkeypatch.setenv("TRACKRECORD_STORE", str(recorded))
    snippet = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(snippet, names)
    assert len(names["frame"]) == 3  # type: ignore[arg-type]
    assert names["points"].values.tolist() == [0.9, 0.93, 0.96]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [*FIELDS, *FIGURES])
def test_the_page_names_every_field_and_figure(name: str) -> None:
    """A field or figure that can be used is documented."""
    assert f"`{name}`" in PAGE
