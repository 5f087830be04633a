"""The demo from end to end, as a real process with real training."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the demo trains with scikit-learn (the extra `demo`)")

import trackrecord as tr
from trackrecord.query.projects import experiments_of
from trackrecord.store.opening import open_store
from trackrecord.words.records import ExperimentRecord

_STEERING = ("TRACKRECORD_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def _run(program: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_STEERING)}
    return subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env={**kept, "PYTHONIOENCODING": "utf-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=170,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder with no store above it in which the demo runs."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(folder: Path) -> str:
    """Return what the demo prints; its store is then in the folder."""
    done = _run(["-m", "trackrecord", "demo", "--quick"], folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def experiments(folder: Path, shown: str) -> dict[str, ExperimentRecord]:
    """Return the experiments of the story by name."""
    store = open_store(folder / ".trackrecord")
    try:
        return {record.name: record for record in experiments_of(store, "shapes")}
    finally:
        store.close()


def test_iris_accuracy_is_what_was_measured(folder: Path, shown: str) -> None:
    """The accuracy printed and kept is what scikit-learn gives for the same seeds in this very environment."""
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    iris = load_iris()
    x_train, x_test, y_train, y_test = train_test_split(
        iris.data, iris.target, test_size=0.3, random_state=42
    )
    model = RandomForestClassifier(n_estimators=100, max_depth=3, random_state=42).fit(x_train, y_train)
    measured = model.score(x_test, y_test)

    with tr.open_run("random-forest", store=folder / ".trackrecord") as run:
        assert run.summary["accuracy"] == measured
        assert run.metrics["accuracy"].points == 100
        assert run.params == {"n_estimators": 100, "max_depth": 3, "random_state": 42}
        assert [(each.name, each.kind) for each in run.artifacts] == [("forest.joblib", "model")]
        assert {each.key for each in run.detail.media} == {"confusion", "importances", "report"}
        assert "scikit-learn" in run.detail.environment["packages"]
    assert f"accuracy {measured:.4f}, read back from the store" in shown


def test_sweep_has_groups_of_seeds(folder: Path, shown: str) -> None:
    """Every setting was trained with every seed, with metrics per epoch and the goal known."""
    table = tr.runs(project="digits", store=folder / ".trackrecord")

    seeds: dict[str | None, set[int]] = {}
    for run in table:
        seeds.setdefault(run.group, set()).add(run.params["seed"])
        assert str(run.state) == "finished"
        assert {key: figures.points for key, figures in run.metrics.items() if "/" in key and "system" not in key} == {
            "train/loss": 4, "train/accuracy": 4, "val/loss": 4, "val/accuracy": 4,
        }  # fmt: skip
        assert run.metrics["val/accuracy"].best == run.metrics["val/accuracy"].max
        assert run.metrics["val/loss"].best == run.metrics["val/loss"].min
    assert set(seeds) == {"logistic", "forest", "mlp-16", "mlp-64", "mlp-64-fast"}
    assert all(found == {0, 1} for found in seeds.values())


def test_story_says_what_was_measured(
    folder: Path, shown: str, experiments: dict[str, ExperimentRecord]
) -> None:
    """Verdicts and conclusions agree with the runs in the store, and the task is neither trivial nor hopeless."""
    reached: dict[str, list[float]] = {}
    for run in tr.runs(project="shapes", store=folder / ".trackrecord", order_by="created"):
        if run.experiment is not None:
            reached.setdefault(run.experiment, []).append(run.summary["final_accuracy"])
    small = reached["one hidden layer, 1,000 images"]
    large = reached["two hidden layers, 2,000 images"]
    first = experiments["one hidden layer, 1,000 images"]
    second = experiments["two hidden layers, 2,000 images"]

    assert all(0.6 < accuracy < 0.97 for accuracy in [*small, *large])
    assert first.verdict == ("confirmed" if statistics.mean(small) >= 0.8 else "refuted")
    gained = statistics.mean(large) >= statistics.mean(small) + 0.02
    assert second.verdict == ("confirmed" if gained else "refuted")
    for record, accuracies in ((first, small), (second, large)):
        assert record.hypothesis
        assert record.conclusion is not None
        assert f"Mean accuracy {statistics.mean(accuracies):.4f}" in record.conclusion
        assert f"n = {len(accuracies)}" in record.conclusion
    assert f"{statistics.mean(large) - statistics.mean(small):+.4f}" in (second.conclusion or "")


def test_story_keeps_pictures(folder: Path, shown: str) -> None:
    """Sample images are kept as pictures."""
    with tr.open_run("1-layer-0", store=folder / ".trackrecord") as run:
        media = {each.key: each.kind for each in run.detail.media}
    assert media["samples"] == "image"
    assert any((folder / ".trackrecord" / "blobs").rglob("*"))


def test_ends_with_tables_and_what_to_do_next(shown: str) -> None:
    """The demo ends with the comparison, the conclusions and how to open the page."""
    for project in ("iris", "digits", "shapes"):
        assert f"Project {project}" in shown
    assert re.search(r"^\S+ +2 +0\.\d{4} ± 0\.\d{4} ★", shown, re.MULTILINE)
    assert "5 groups of 10 runs, mean ± standard deviation" in shown
    assert "2 groups of 4 runs, mean ± standard deviation" in shown
    assert shown.count("conclusion  Mean accuracy") == 2
    assert "\n  trackrecord ui\n" in shown


def test_what_to_do_next_works(folder: Path, shown: str) -> None:
    """Every command that the demo recommends does its work (the page has a test of its own)."""
    import shlex

    calls = re.findall(r"^  trackrecord (.*)$", shown, re.MULTILINE)
    assert calls[0] == "ui"
    for call in calls[1:]:
        done = _run(["-m", "trackrecord", *shlex.split(call)], folder)
        assert (done.returncode, done.stderr) == (0, "")


def test_second_time_adds_runs(folder: Path, shown: str) -> None:
    """Run again, the demo says that it adds to what is there, and compares only its own runs."""
    before = tr.runs(store=folder / ".trackrecord").total
    done = _run(["-m", "trackrecord", "demo", "--quick", "--no-ui"], folder)

    assert done.returncode == 0
    assert f"already holds {before} runs; these are added" in done.stdout
    assert "5 groups of 10 runs" in done.stdout
    assert tr.runs(store=folder / ".trackrecord").total == 2 * before


def test_failing_part_ends_the_demo(tmp_path: Path) -> None:
    """A part that fails ends the demo with its last words and exit code 1."""
    broken = tmp_path / "path" / "joblib"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('no such disk')", encoding="utf-8")
    done = _run(["-m", "trackrecord", "demo"], tmp_path, PYTHONPATH=str(broken.parent))

    assert done.returncode == 1
    assert "The part 'iris' of the demo ended with exit code 1." in done.stderr
    assert "no such disk" in done.stderr


def test_without_scikit_learn(tmp_path: Path) -> None:
    """Without scikit-learn the demo says how to install it, and makes no store."""
    program = (
        "import sys; sys.modules['sklearn'] = None; from trackrecord.cli.main import main; main(['demo'])"
    )
    done = _run(["-c", program], tmp_path)

    assert done.returncode == 1
    assert "pip install 'trackrecord[demo]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
