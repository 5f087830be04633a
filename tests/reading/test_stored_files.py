"""Artifacts and media come back from a store as the bytes that were logged, and never land where they should not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import trackrecord as tr
from trackrecord.words.errors import FormatError, NotFoundError, UsageError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of one run with two artifacts, one of them in two versions, and some media."""
    place, source = tmp_path / "store", tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a.txt").write_bytes(b"first")
    (source / "deep" / "b.bin").write_bytes(bytes(range(256)) * 5000)
    with tr.init("p", name="r", store=place) as run:
        run.log_artifact(source, name="set", kind="dataset")
        (source / "a.txt").write_bytes(b"second")
        run.log_artifact(source, name="set", kind="dataset")
        run.log_artifact(source / "a.txt", kind="model")
        for step in (2, 1):
            run.log({"samples": tr.Image([[0, 10 * step]], caption=f"step {step}")}, step=step)
        run.log({"report": tr.Text("zwölf"), "rows": tr.Table(["a"], [[1]])}, step=0)
    return place


def _rename(store: Path, old: str, new: str) -> None:
    """Give a file of an artifact a name that somebody else's journal may hold."""
    tr.runs(store=store)
    with sqlite3.connect(store / "store.db") as database:
        assert database.execute("UPDATE artifact_file SET path = ? WHERE path = ?", (new, old)).rowcount
    database.close()


def test_an_artifact_comes_back_as_it_was(store: Path, tmp_path: Path) -> None:
    """All files of the newest version, or of the one asked for, below the folder; one that is there is replaced."""
    run = tr.open_run("r", store)
    artifact = run.artifact("set")
    assert (artifact.version, artifact.kind, artifact.relation) == (2, "dataset", "logged")
    assert [file.path for file in artifact.files] == ["a.txt", "deep/b.bin"]
    assert artifact.size == sum(file.size for file in artifact.files) == 6 + 256 * 5000
    assert artifact.digest != run.artifact("set", version=1).digest

    target = tmp_path / "new" / "folder"
    assert artifact.download(target) == target
    assert (target / "a.txt").read_bytes() == b"second"
    assert (target / "deep" / "b.bin").read_bytes() == bytes(range(256)) * 5000
    run.artifact("set", version=1).download(str(target))
    assert (target / "a.txt").read_bytes() == b"first"
    assert sorted(path.name for path in target.rglob("*")) == ["a.txt", "b.bin", "deep"]
    assert [each.version for each in run.artifacts if each.name == "set"] == [1, 2]
    assert repr(artifact) == "<StoredArtifact 'set' version 2: dataset, 2 files, 1,280,006 bytes>"


def test_the_path_of_one_file(store: Path) -> None:
    """Without a copy: the store's own file; its name has to be said when there are several."""
    run = tr.open_run("r", store)
    assert run.artifact("a.txt").path().read_bytes() == b"second"
    assert run.artifact("set").path("a.txt").read_bytes() == b"second"
    with pytest.raises(UsageError, match=r"'a\.txt', 'deep/b\.bin'"):
        run.artifact("set").path()
    with pytest.raises(NotFoundError, match=r"Did you mean deep/b\.bin"):
        run.artifact("set").path("b.bin")


def test_an_empty_folder_is_an_artifact_too(tmp_path: Path) -> None:
    """It comes back as an empty folder, and has no file to give the path of."""
    (tmp_path / "bare").mkdir()
    with tr.init("p", name="r", store=tmp_path / "store") as run:
        run.log_artifact(tmp_path / "bare")
    artifact = tr.open_run("r", tmp_path / "store").artifact("bare")
    assert list(artifact.download(tmp_path / "copy").iterdir()) == []
    with pytest.raises(NotFoundError, match="has no file"):
        artifact.path()


def test_an_unknown_artifact_key_or_version_names_the_right_one(store: Path) -> None:
    """A misspelt name is an error with a suggestion, a wrong version one with those that are there."""
    run = tr.open_run("r", store)
    with pytest.raises(NotFoundError, match="Did you mean set"):
        run.artifact("sets")
    with pytest.raises(NotFoundError, match="It has version 1, 2"):
        run.artifact("set", version=7)
    with pytest.raises(NotFoundError, match="Did you mean samples"):
        run.media("sample")


@pytest.mark.parametrize(
    "name", ["../escaped", "deep/../../escaped", "/tmp/escaped", "..", ".", "", "a//b", "deep/", "x\x00y"]
)
def test_a_name_that_leads_away_writes_nothing(store: Path, tmp_path: Path, name: str) -> None:
    """Names come from journals that anybody may have written: such a download is refused as a whole."""
    _rename(store, "deep/b.bin", name)
    target = tmp_path / "target"
    before = sorted(path for path in tmp_path.rglob("*") if store not in path.parents)
    with pytest.raises(FormatError, match="leads outside of the folder"):
        tr.open_run("r", store).artifact("set").download(target)
    assert sorted(path for path in tmp_path.rglob("*") if store not in path.parents) == before


def test_a_link_out_of_the_folder_is_not_followed(store: Path, tmp_path: Path) -> None:
    """A folder that is a link elsewhere is refused; a file that is a link is replaced, and what it led to stays."""
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    target.mkdir()
    (outside / "mine").write_text("mine")
    (target / "deep").symlink_to(outside, target_is_directory=True)
    artifact = tr.open_run("r", store).artifact("set")
    with pytest.raises(FormatError, match="leads outside of the folder"):
        artifact.download(target)
    assert [path.name for path in outside.iterdir()] == ["mine"]

    (target / "deep").unlink()
    (target / "a.txt").symlink_to(outside / "mine")
    artifact.download(target)
    assert (outside / "mine").read_text() == "mine"
    assert (target / "a.txt").read_bytes() == b"second"


def test_damaged_and_missing_bytes_are_not_handed_out(store: Path, tmp_path: Path) -> None:
    """A file whose bytes changed is not written, and leaves the one that is there; a missing one stops all."""
    artifact = tr.open_run("r", store).artifact("a.txt")
    place = artifact.path()
    place.chmod(0o600)
    place.write_bytes(b"SECOND")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "a.txt").write_bytes(b"old")
    with pytest.raises(FormatError, match="damaged"):
        artifact.download(tmp_path / "target")
    assert [path.read_bytes() for path in (tmp_path / "target").iterdir()] == [b"old"]

    place.unlink()
    with pytest.raises(NotFoundError, match=r"a\.txt.*not in the store"):
        artifact.path()
    with pytest.raises(NotFoundError, match=r"a\.txt.*not in the store"):
        artifact.download(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_an_artifact_outlives_the_variable_of_its_run(store: Path, tmp_path: Path) -> None:
    """One line is enough: the store stays open as long as anything of the run is in use."""
    folder = tr.open_run("r", store).artifact("set").download(tmp_path / "copy")
    assert (folder / "a.txt").exists()


def test_media_come_back_in_the_order_of_steps(store: Path, tmp_path: Path) -> None:
    """Each entry has its step, kind, caption and bytes; saved, it is the same file."""
    run = tr.open_run("r", store)
    samples = run.media("samples")
    assert [(each.step, each.kind, each.caption) for each in samples] == [
        (1, "image", "step 1"),
        (2, "image", "step 2"),
    ]
    assert all(each.read().startswith(b"\x89PNG") for each in samples)
    assert samples[0].read() != samples[1].read()
    assert (samples[0].media_type, samples[0].size) == ("image/png", len(samples[0].read()))
    saved = samples[0].save(tmp_path / "one.png")
    assert saved.read_bytes() == samples[0].read()
    assert [(each.key, each.entries) for each in run.media_series] == [
        ("report", 1),
        ("rows", 1),
        ("samples", 2),
    ]
    assert repr(samples[0]) == f"<StoredMedia 'samples': image at step 1, {samples[0].size} bytes>"


def test_what_needs_no_file_is_data(store: Path, tmp_path: Path) -> None:
    """A text is read as UTF-8 too; a table has `data` and says so when it is asked for bytes."""
    run = tr.open_run("r", store)
    (report,) = run.media("report")
    assert report.data == {"text": "zwölf"}
    assert report.read().decode() == report.save(tmp_path / "report.txt").read_text("utf-8") == "zwölf"
    (rows,) = run.media("rows")
    assert rows.data == {"columns": ["a"], "rows": [[1]]}
    with pytest.raises(UsageError, match="its value is `data`"):
        rows.read()


def test_long_texts_and_tables_come_back_like_short_ones(tmp_path: Path) -> None:
    """A value too long for a record has the same `data`, bytes and errors as a short one; damage is told."""
    text, cells = "zwölf " * 20_000, [[number, float("nan")] for number in range(9_000)]
    with tr.init("p", name="long", store=tmp_path / "store") as run:
        run.log({"report": tr.Text(text), "rows": tr.Table(["a", "b"], cells)})
    stored = tr.open_run("long", tmp_path / "store")
    (report,), (rows,) = stored.media("report"), stored.media("rows")
    assert report.digest is not None
    assert report.data == {"text": text}
    assert report.read().decode() == text
    assert report.save(tmp_path / "report.txt").read_text("utf-8") == text
    assert rows.data["columns"] == ["a", "b"]
    assert [row[0] for row in rows.data["rows"]] == list(range(9_000))
    assert all(row[1] != row[1] for row in rows.data["rows"])
    with pytest.raises(UsageError, match="its value is `data`"):
        rows.read()

    place = stored.store.blobs.path(report.digest)
    assert place is not None
    place.chmod(0o600)
    place.write_bytes(b"{}")
    (again,) = tr.open_run("long", tmp_path / "store").media("report")
    with pytest.raises(FormatError, match="damaged"):
        _ = again.data
