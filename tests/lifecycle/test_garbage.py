"""What gc finds and removes, and what it never touches."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.lifecycle.test_purge import full_run, store_with
from tests.store.journals import BEGAN, SECOND, Journal
from trackrecord.journal.blobfile import blob_path, put_bytes
from trackrecord.journal.format import Kind
from trackrecord.journal.stop_requests import ask_to_stop, stop_request
from trackrecord.lifecycle import edits
from trackrecord.lifecycle.purging import purge
from trackrecord.lifecycle.recording import record_edits
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.removal.garbage import find_garbage, remove_garbage
from trackrecord.store.removal.references import digest_columns

TWO_DAYS_S = 2 * 24 * 3600


def grow_old(folder: Path) -> None:
    """Let all files of a folder be two days old."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - TWO_DAYS_S, time.time() - TWO_DAYS_S))


def blobs(store: EmbeddedStore) -> set[str]:
    """Return the names of all files in blobs/."""
    return {path.name for path in store.blobs.folder.rglob("*") if path.is_file()}


def test_only_what_nothing_speaks_of_is_removed(tmp_path: Path) -> None:
    """Files that rows, journals in the inbox or the quarantine refer to stay, and young ones; all others go."""
    path = tmp_path / "s"
    with store_with(path, full_run("run1", 1)) as store:
        used = blobs(store)
        waiting, aside, nobody = (
            put_bytes(str(store.blobs.folder), text * 100) for text in (b"waiting", b"aside", b"nobody")
        )
        grow_old(store.blobs.folder)
        young = put_bytes(str(store.blobs.folder), b"young").digest
        journal = Journal("run2", 2).begin(name="busy")
        journal.say(Kind.MEDIA, key="m", step=1, kind="text", digest=waiting.digest, media_type="a", size=1)
        journal.put(path)
        (path / "quarantine").mkdir()
        (path / "quarantine" / "torn").write_bytes(b"\x00torn " + aside.digest.encode() + b"\xff")

        found = find_garbage(store)
        assert [(kind.kind, kind.count) for kind in found.kinds() if kind.count and kind.kind == "blobs"] == [
            ("blobs", 1)
        ]
        assert len(blobs(store)) == len(used) + 4  # a report changes nothing

        removed = remove_garbage(store)
        assert [file.name for file, _ in removed.blobs] == [nobody.digest.removeprefix("sha256:")]
        assert blobs(store) == used | {
            digest.removeprefix("sha256:") for digest in (waiting.digest, aside.digest, young)
        }
        assert find_garbage(store).blobs == []
        take_in(store)
        assert store.catalog.rows("SELECT 1 FROM run WHERE id = 'run2'")


def test_the_files_of_a_purged_or_redacted_run_become_garbage(tmp_path: Path) -> None:
    """After a purge the files that only this run had can be freed; a redaction lets go of what it took away."""
    path = tmp_path / "s"
    with store_with(path, full_run("run1", 1), full_run("run2", 2)) as store:
        grow_old(store.blobs.folder)
        assert find_garbage(store).blobs == []
        purge(store, ["run1"])
        # the artifact that both used keeps its files
        assert store.catalog.rows("SELECT count(*) FROM artifact_file")[0][0] >= 1
        Journal("run2", 5, time=BEGAN + SECOND).say(
            Kind.REDACTION, who="ada", what="media", key=None, reason="r"
        ).say(Kind.REDACTION, who="ada", what="artifact", key=None, reason="r").finish().put(path)
        take_in(store)
        remove_garbage(store)
        assert blobs(store) == set()


def test_a_blob_that_is_used_again_is_young_again(tmp_path: Path) -> None:
    """Bytes that a run has just found to be there already are not removed before its record arrives."""
    with store_with(tmp_path / "s", full_run("run1", 1)) as store:
        digest = put_bytes(str(store.blobs.folder), b"again").digest
        grow_old(store.blobs.folder)
        assert len(find_garbage(store).blobs) == 1
        put_bytes(str(store.blobs.folder), b"again")
        assert find_garbage(store).blobs == []
        assert Path(blob_path(str(store.blobs.folder), digest)).exists()


def test_leftovers_and_empty_projects_go_and_strangers_stay(tmp_path: Path) -> None:
    """Partial files, probes and projects without anything are removed; a file that is not ours is left alone."""
    path = tmp_path / "s"
    with store_with(path, Journal("run1", 1, project="lonely").begin(name="x").finish()) as store:
        for name in (
            "blobs/partial.00ff",
            "inbox/.1.00.probe",
            "inbox/.0a.edit.partial",
            "store.json.1.0a.partial",
        ):
            (path / name).write_bytes(b"12345")
        (path / "inbox" / "notes.txt").write_text("mine")
        grow_old(path)
        purge(store, ["run1"])
        counts = {kind.kind: (kind.count, kind.bytes) for kind in find_garbage(store).kinds()}
        assert counts["partial files"] == (2, 10)
        assert counts["probe files"] == (2, 10)
        assert counts["projects"] == (1, 0)
        remove_garbage(store)
        assert store.catalog.rows("SELECT name FROM project") == []
        assert sorted(each.name for each in (path / "inbox").iterdir()) == ["notes.txt"]
        assert find_garbage(store).is_empty


def test_requests_to_stop_go_when_nobody_will_answer_them(tmp_path: Path) -> None:
    """A request to a run that ended, or that nobody knows, is garbage after a day; one to a waiting run is kept."""
    path = tmp_path / "s"
    with store_with(path, full_run("ended", 1)) as store:
        waiting = Journal("waiting", 2).begin(name="busy")
        waiting.put(path)
        for run in ("ended", "nobody", "waiting"):
            ask_to_stop(path, run, "ada")
        assert find_garbage(store).stop_requests == []
        grow_old(path / "inbox")
        assert [file.name for file, _ in find_garbage(store).stop_requests] == ["ended.stop", "nobody.stop"]
        remove_garbage(store)
        assert [stop_request(path, run) is None for run in ("ended", "nobody", "waiting")] == [
            True,
            True,
            False,
        ]


def test_free_pages_are_given_back(tmp_path: Path) -> None:
    """What the deletion of rows leaves free in the database is reported, and given back to the disk."""
    with store_with(tmp_path / "s", *[full_run(f"run{n}", n) for n in range(1, 4)]) as store:
        with store.connections.writing(5) as connection:
            connection.execute("DELETE FROM metric_chunk")
        found = find_garbage(store)
        assert found.free_pages > 100_000
        assert remove_garbage(store).free_pages > 0
        assert find_garbage(store).free_pages == 0


def test_every_column_of_digests_is_known(tmp_path: Path) -> None:
    """Whatever table holds digests, gc looks there: columns are found by their name in the schema."""
    with store_with(tmp_path / "s") as store, store.connections.reading() as connection:
        known = set(digest_columns(connection))
    assert {("media", "digest"), ("artifact_file", "digest"), ("fact", "digest")} <= known
    assert ("artifact", "digest") not in known  # of a list of files: no blob


def test_trash_is_no_garbage(tmp_path: Path) -> None:
    """What lies in the trash keeps its files and rows until it is purged."""
    with store_with(tmp_path / "s", full_run("run1", 1)) as store:
        grow_old(store.blobs.folder)
        record_edits(store, ["run1"], [edits.set_deleted()])
        before = blobs(store)
        remove_garbage(store)
        assert blobs(store) == before
        assert len(store.series.points("run1", "loss").values) == 8991
