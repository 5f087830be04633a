"""Media and artifacts: what was handed over is what can be read back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trackrecord as tr
from tests.recorded import Inbox
from trackrecord.journal.blobfile import blob_path
from trackrecord.journal.format import Kind

Found = Callable[[], Inbox]


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Take a PNG apart, checking its signature and the checksum of each chunk."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(png):
        (size,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
        assert struct.unpack_from(">I", png, place + 8 + size)[0] == zlib.crc32(name + content)
        found.append((name, content))
        place += 12 + size
    assert found[0][0] == b"IHDR"
    assert found[-1] == (b"IEND", b"")
    return found


def _pixels(png: bytes) -> tuple[tuple[int, int, int], list[bytes]]:
    """Return (width, height, channels) and the rows of each frame, of a PNG without filters."""
    chunks = _chunks(png)
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[colour]
    frames = []
    for name, content in chunks:
        if name in (b"IDAT", b"fdAT"):
            raw = zlib.decompress(content if name == b"IDAT" else content[4:])
            rows = [
                raw[start : start + 1 + width * channels]
                for start in range(0, len(raw), 1 + width * channels)
            ]
            assert len(rows) == height
            assert all(row[0] == 0 for row in rows)
            frames.append(b"".join(row[1:] for row in rows))
    return (width, height, channels), frames


def _bytes_of(found: Inbox, media: dict[str, Any], store: Path) -> bytes:
    content = found.contents().get(media["digest"])
    if content is None:
        content = Path(blob_path(str(store / "blobs"), media["digest"])).read_bytes()
    assert "sha256:" + hashlib.sha256(content).hexdigest() == media["digest"]
    assert media["size"] == len(content)
    return content


@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from([None, 1, 2, 3, 4]),
    st.randoms(use_true_random=False),
)
def test_pixels_come_back(width: int, height: int, channels: int | None, rng: Any) -> None:
    """An array of bytes, as numpy array and as nested lists, is a PNG of exactly these pixels."""
    shape = (height, width) if channels is None else (height, width, channels)
    array = np.array([rng.randrange(256) for _ in range(int(np.prod(shape)))], dtype=np.uint8).reshape(shape)
    for data in (array, array.tolist(), array.astype(np.int64)):
        image = tr.Image(data)
        assert image.content is not None
        assert _pixels(image.content) == ((width, height, channels or 1), [array.tobytes()])


def test_fractions_masks_and_odd_pixels() -> None:
    """Fractions are 0 to 1, masks black and white, NaN is black, and what is beyond is cut."""

    def first_row(data: Any) -> list[int]:
        content = tr.Image(data).content
        assert content is not None
        return list(_pixels(content)[1][0])

    assert first_row([[0.0, 0.5, 1.0, -1.0]]) == [0, 128, 255, 0]
    assert first_row([[float("nan"), 1.0]]) == [0, 255]
    assert first_row(np.array([[True, False]])) == [255, 0]
    assert first_row([[300, -5, 7]]) == [255, 0, 7]


@pytest.mark.parametrize(
    "data", [[], [[]], [[1, 2], [3]], [[[1] * 5]], "no/such/file.png", object(), None, 5, [["a"]]]
)
def test_what_is_no_image_is_noted(run: tr.Run, found: Found, data: Any) -> None:
    """An image that can't be made costs nothing but a note."""
    run.log_image("x", data)
    inbox = found()
    assert inbox.records(Kind.MEDIA) == []
    assert len(inbox.problems()) == 1


def test_video_is_an_animated_png() -> None:
    """Frames come back in order, with one control chunk each and running numbers."""
    frames = np.arange(3 * 2 * 2 * 3, dtype=np.uint8).reshape(3, 2, 2, 3)
    video = tr.Video(frames, frames_per_second=4)
    assert video.content is not None
    assert _pixels(video.content) == ((2, 2, 3), [frame.tobytes() for frame in frames])
    chunks = _chunks(video.content)
    assert chunks[1] == (b"acTL", struct.pack(">II", 3, 0))
    numbers = [struct.unpack_from(">I", content)[0] for name, content in chunks if name in (b"fcTL", b"fdAT")]
    assert numbers == list(range(5))
    delays = [struct.unpack_from(">HH", content, 20) for name, content in chunks if name == b"fcTL"]
    assert all(above / below == pytest.approx(0.25) for above, below in delays)
    assert tr.Video(5).failure is not None


@pytest.mark.parametrize("samples", [[0.0, 0.5, -1.0, 2.0], np.array([0.0, 0.5, -1.0, 2.0])])
def test_sound_is_a_wave_file(samples: Any) -> None:
    """Samples come back as 16-bit numbers, cut at full scale; several channels take turns."""
    content = tr.Audio(samples, sample_rate=8000).content
    assert content is not None
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 8000, 2)
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [0, 16384, -32767, 32767]
    content = tr.Audio([[0.0, 1.0], [1.0, 0.0]], sample_rate=8000).content
    assert content is not None
    with wave.open(io.BytesIO(content)) as file:
        assert file.getnchannels() == 2
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [0, 32767, 32767, 0]


class FigureOfMatplotlib:
    """Draws itself as those of matplotlib do."""

    def savefig(self, file: Any, *, format: str, **_: Any) -> None:  # noqa: A002
        content = tr.Image([[0]]).content
        assert content is not None
        assert format == "png"
        file.write(content)


class FigureOfPlotly:
    """Stands for a figure of plotly."""

    def to_json(self) -> str:
        return '{"data":[]}'


FigureOfPlotly.__module__ = "plotly.graph_objs"
FigureOfPlotly.__name__ = "Figure"


def test_every_kind_of_media_comes_back(run: tr.Run, found: Found, tmp_path: Path) -> None:
    """Each kind is recorded under its key and step, with bytes that its digest names."""
    (tmp_path / "a.svg").write_text("<svg/>", encoding="utf-8")
    png = tr.Image([[0]], caption="dot").content
    run.log(
        {
            "image": tr.Image([[0]], caption="dot"),
            "bytes": tr.Image(png),
            "figure": FigureOfMatplotlib(),
            "plotly": FigureOfPlotly(),
            "file": tr.Figure(tmp_path / "a.svg"),
            "sound": tr.Audio([0.0], sample_rate=10),
            "video": tr.Video([[[0]]]),
            "text": tr.Text("käse"),
            "table": tr.Table(["a", "b"], [[1, float("nan")], ["x", None]]),
            "histogram": tr.Histogram([0.0, 1.0, 1.0, float("inf")], bins=2),
            "number": 5,
        },
        step=7,
    )
    inbox = found()
    assert inbox.problems() == {}
    assert inbox.points("number") == [(7, 5)]
    media = {record["key"]: record for record in inbox.records(Kind.MEDIA)}
    assert {key: (record["kind"], record["media_type"], record["step"]) for key, record in media.items()} == {
        "image": ("image", "image/png", 7),
        "bytes": ("image", "image/png", 7),
        "figure": ("figure", "image/png", 7),
        "plotly": ("figure", "application/vnd.plotly.v1+json", 7),
        "file": ("figure", "image/svg+xml", 7),
        "sound": ("audio", "audio/wav", 7),
        "video": ("video", "image/apng", 7),
        "text": ("text", None, 7),
        "table": ("table", None, 7),
        "histogram": ("histogram", None, 7),
    }
    assert media["image"]["caption"] == "dot"
    assert media["image"]["digest"] == media["bytes"]["digest"] == media["figure"]["digest"]
    assert _bytes_of(inbox, media["image"], run.store) == png
    assert _bytes_of(inbox, media["file"], run.store) == b"<svg/>"
    assert media["text"]["data"] == {"text": "käse"}
    assert media["table"]["data"] == {"columns": ["a", "b"], "rows": [[1, {"$float": "NaN"}], ["x", None]]}
    assert media["histogram"]["data"] == {"edges": [0, 0.5, 1], "counts": [1, 2], "nonfinite": 1}


def test_long_content_lies_in_blobs(run: tr.Run, found: Found) -> None:
    """A text and an image beyond 64 KiB are kept whole, as files by their digest."""
    text = "käse " * 50_000
    noise = os.urandom(100_000)
    run.log_text("text", text)
    run.log({"image": tr.Image(b"\x89PNG\r\n\x1a\n" + noise)})
    inbox = found()
    assert inbox.contents() == {}
    kept, image = inbox.records(Kind.MEDIA)
    assert json.loads(_bytes_of(inbox, kept, run.store)) == {"text": text}
    assert kept["media_type"] == "application/json"
    assert _bytes_of(inbox, image, run.store).endswith(noise)


@given(st.lists(st.floats(), max_size=30), st.integers(1, 9))
def test_histograms_count_every_value(values: list[float], bins: int) -> None:
    """Every finite value is in a bin, the others are counted apart, and edges never fall."""
    data = tr.Histogram(values, bins=bins).data
    assert data is not None
    finite = [value for value in values if np.isfinite(value)]
    assert sum(data["counts"]) == len(finite)
    assert data.get("nonfinite", 0) == len(values) - len(finite)
    assert len(data["edges"]) == len(data["counts"]) + 1 == bins + 1
    assert all(low <= high for low, high in zip(data["edges"], data["edges"][1:], strict=False))


def test_tables_of_every_form() -> None:
    """A list of dicts, a dict of lists and a data frame are the same table."""
    pandas = pytest.importorskip("pandas")
    expected = {"columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for table in (tr.Table(rows), tr.Table({"a": [1, 2], "b": ["x", "y"]}), tr.Table(pandas.DataFrame(rows))):
        assert table.data == expected
    failure = tr.Table(["a", "b"], [[1, 2], [3]]).failure
    assert failure is not None
    assert failure.message == "row 1 of the table has 1 values for 2 columns"


@pytest.mark.parametrize(
    "make",
    [
        lambda: tr.Image("missing.png"),
        lambda: tr.Image(5),
        lambda: tr.Image(),  # type: ignore[call-arg]
        lambda: tr.Audio(None),
        lambda: tr.Histogram(["a"]),
        lambda: tr.Figure(object()),
    ],
)
def test_media_that_cannot_be_made_harm_nobody(
    make: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making them raises nothing; logging them keeps what else the call holds, and notes why; strict mode raises."""
    monkeypatch.chdir(tmp_path)
    with tr.init("p", store=tmp_path / "store", console=False, system_metrics=False) as run:
        run.log({"picture": make(), "loss": 0.5})
    strict = tr.init("p", store=tmp_path / "strict", strict=True, console=False, system_metrics=False)
    with pytest.raises(tr.UsageError):
        strict.log({"picture": make()})
    strict.finish()

    with tr.open_run(run.id, store=tmp_path / "store") as stored:
        assert stored.metric("loss").last == 0.5
        assert stored.record.problems == 1


def _artifact(found: Inbox) -> dict[str, Any]:
    (record,) = found.records(Kind.ARTIFACT)
    return record


def test_a_file_is_an_artifact(run: tr.Run, found: Found, tmp_path: Path) -> None:
    """A file's bytes are kept as they are when it is logged, whatever happens to it afterwards."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    run.log_artifact(path, kind="model")
    path.write_bytes(b"other")
    inbox = found()
    record = _artifact(inbox)
    assert (record["name"], record["kind"], record["size"], record["relation"]) == (
        "model.bin",
        "model",
        7,
        "logged",
    )
    (file,) = record["files"]
    assert Path(blob_path(str(run.store / "blobs"), file["digest"])).read_bytes() == b"weights"
    line = f"model.bin\0{file['digest']}\n"
    assert record["digest"] == "sha256:" + hashlib.sha256(line.encode()).hexdigest()


@pytest.mark.skipif(os.name != "posix", reason="names and links of POSIX")
def test_a_folder_is_an_artifact(run: tr.Run, found: Found, tmp_path: Path) -> None:
    """A folder is kept with its tree: odd names, links to files, but no links to folders, broken ones and pipes."""
    folder = tmp_path / "data"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a b\nc.txt").write_bytes(b"1")
    (folder / "käse").write_bytes(b"2")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"3")
    (folder / "link").symlink_to(folder / "käse")
    (folder / "broken").symlink_to(folder / "nothing")
    (folder / "circle").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    run.log_artifact(str(folder), name="set")
    record = _artifact(found())
    assert record["name"] == "set"
    assert [file["path"] for file in record["files"]] == ["?", "in/a b\nc.txt", "käse", "link"]
    assert record["size"] == 4


@pytest.mark.parametrize("kind", ["missing", "pipe", "number", "unreadable"])
def test_what_is_no_artifact_is_noted(run: tr.Run, found: Found, tmp_path: Path, kind: str) -> None:
    """A path that leads nowhere, to a pipe, or is none costs nothing but a note, and never hangs."""
    path: Any = tmp_path / "thing"
    if kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no pipes with names")
        os.mkfifo(path)
    if kind == "unreadable":
        path = "nul\0"
    if kind == "number":
        path = 5
    run.log_artifact(path)
    inbox = found()
    assert inbox.records(Kind.ARTIFACT) == []
    assert len(inbox.problems()) == 1


def test_equal_bytes_are_kept_once(run: tr.Run, found: Found, tmp_path: Path) -> None:
    """Ten equal files are one blob."""
    for number in range(10):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(b"same")
        run.log_artifact(path)
    assert len(found().records(Kind.ARTIFACT)) == 10
    blobs = [path for path in (run.store / "blobs").rglob("*") if path.is_file()]
    assert [path.name for path in blobs].count(hashlib.sha256(b"same").hexdigest()) == 1
