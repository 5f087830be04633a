"""Bytes by digest: whole or not there, from many processes, and never outside of their folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.journal import blobfile
from trackrecord.store.blobs import FileBlobs
from trackrecord.words.errors import FormatError, NotFoundError


def test_bytes_come_back_by_their_digest(tmp_path: Path) -> None:
    """Bytes and files are kept once under their digest, and nothing else is left behind."""
    data = os.urandom(3 << 20)
    source = tmp_path / "model.bin"
    source.write_bytes(data)
    folder = tmp_path / "blobs"
    assert blobfile.put_file(str(folder), str(source)) == blobfile.put_bytes(str(folder), data)
    blobs = FileBlobs(folder)
    digest = blobs.put(data)
    assert b"".join(blobs.read(digest)) == data
    path = blobs.path(digest)
    assert path is not None
    assert [file for file in folder.rglob("*") if file.is_file()] == [path]
    source.write_bytes(b"changed")
    assert path.read_bytes() == data


def test_missing_bytes_are_named(tmp_path: Path) -> None:
    """Reading what is not there raises NotFoundError with the digest."""
    digest = blobfile.digest_of(b"nowhere")
    assert FileBlobs(tmp_path).path(digest) is None
    with pytest.raises(NotFoundError, match=digest):
        next(FileBlobs(tmp_path).read(digest))


@given(
    st.text() | st.from_regex(r"sha256:[0-9a-f]{62}/\.", fullmatch=True) | st.just("sha256:../../etc/passwd")
)
def test_no_digest_leads_outside(digest: str) -> None:
    """Anything but a digest raises FormatError before any path is made of it."""
    with pytest.raises(FormatError):
        blobfile.blob_path("blobs", digest)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_writer_leaves_no_half_blob(tmp_path: Path) -> None:
    """However often a writer is killed, every file under a digest's name holds the bytes of that digest."""
    code = (
        "import os, sys; from trackrecord.journal.blobfile import put_bytes\n"
        "print('ready', flush=True)\n"
        "while True: put_bytes(sys.argv[1], os.urandom(300_000))"
    )
    for attempt in range(5):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while attempt and not any(tmp_path.glob("??/??/*")):
            pass
        process.kill()
        process.communicate()
    found = list(tmp_path.glob("??/??/*"))
    assert found
    for path in found:
        assert blobfile.digest_of(path.read_bytes()) == "sha256:" + path.name
