"""Logged values that are not numbers, in their plain form: bytes, paths, simple arrays.

Each takes what a person has at hand and settles it at once, so that the array may change afterwards.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from trackrecord.journal.interruption import let_through
from trackrecord.sdk.numbers import as_number, as_plain_list, as_text, is_from, type_name
from trackrecord.sdk.png import Pixels, encode_animated_png, encode_png, pixels_from
from trackrecord.sdk.settled import clean_text, settle
from trackrecord.words.errors import UsageError

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
#: what is known only by the ending of its name
_ENDINGS = {
    ".svg": "image/svg+xml", ".html": "text/html", ".htm": "text/html", ".json": "application/json",
    ".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".wav": "audio/wav",
    ".ogg": "audio/ogg", ".flac": "audio/flac",
    ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff", ".avif": "image/avif",
}  # fmt: skip


class Media:
    """Base of all logged values that are not numbers.

    ``content`` are the bytes (None when ``data`` says all), ``media_type`` their type, ``data`` a small JSON value.
    What can't be made of the given data raises nothing, since it is made in the middle of training: ``failure`` says
    why, and logging the value notes it on the run (or raises it, in strict mode).
    """

    kind: ClassVar[str]
    content: bytes | None = None
    media_type: str | None = None
    data: dict[str, Any] | None = None
    caption: str | None = None
    failure: UsageError | None = None

    def __init_subclass__(cls) -> None:
        make = cls.__init__

        def make_or_say_why_not(self: Media, *arguments: Any, **named: Any) -> None:
            try:
                make(self, *arguments, **named)
            except UsageError as error:
                let_through(error)
                self.failure = error
            except Exception as error:  # a foreign object's own trouble, or arguments that do not exist
                let_through(error)
                self.failure = UsageError(
                    f"no {cls.kind} could be made: {type(error).__name__}: {as_text(error)}"
                )

        # help() and editors show the arguments of the class, not of the wrapper
        make_or_say_why_not.__wrapped__ = make  # type: ignore[attr-defined]
        cls.__init__ = make_or_say_why_not  # type: ignore[method-assign, assignment]


class Image(Media):
    """A picture: bytes of a PNG, JPEG, GIF or WebP file, a path, a PIL image, a figure, or an array.

    Arrays (or nested lists) are (height, width) or (height, width, channels); whole numbers are 0 to 255, fractions
    0 to 1.

    >>> Image([[0, 255], [255, 0]], caption="checkers").media_type
    'image/png'
    """

    kind = "image"

    def __init__(self, data: Any, caption: str | None = None) -> None:
        self.caption = caption
        if isinstance(data, (bytes, bytearray, str, os.PathLike)):
            self.content, self.media_type = _read(data, "image")
        elif is_from(data, "PIL"):
            buffer = io.BytesIO()
            data.save(buffer, format="PNG")
            self.content, self.media_type = buffer.getvalue(), "image/png"
        elif callable(getattr(data, "savefig", None)):
            self.content, self.media_type = _drawn(data), "image/png"
        else:
            self.content, self.media_type = encode_png(_pixels(data, "an image")), "image/png"


class Video(Media):
    """A film: bytes of a file, a path, or an array (frame, height, width[, channels]), kept as an animated PNG.

    >>> Video([[[0]], [[255]]], frames_per_second=2).media_type
    'image/apng'
    """

    kind = "video"

    def __init__(self, data: Any, caption: str | None = None, frames_per_second: float = 10) -> None:
        self.caption = caption
        if isinstance(data, (bytes, bytearray, str, os.PathLike)):
            self.content, self.media_type = _read(data, "video")
            return
        frames = as_plain_list(data)
        if not frames:
            raise UsageError(
                f"a video can't be made of {type_name(data)}",
                hint="give bytes, a path, or an array of frames",
            )
        self.content = encode_animated_png([_pixels(frame, "a frame") for frame in frames], frames_per_second)
        self.media_type = "image/apng"


class Audio(Media):
    """A sound: bytes of a file, a path, or an array (samples[, channels]) of fractions -1 to 1, kept as 16-bit WAV.

    ``sample_rate`` is in samples a second and needed for arrays.

    >>> Audio([0.0, 0.5, -0.5], sample_rate=8000).media_type
    'audio/wav'
    """

    kind = "audio"

    def __init__(self, data: Any, sample_rate: int = 44_100, caption: str | None = None) -> None:
        self.caption = caption
        if isinstance(data, (bytes, bytearray, str, os.PathLike)):
            self.content, self.media_type = _read(data, "audio")
        else:
            self.content, self.media_type = _wave(data, int(sample_rate)), "audio/wav"
            self.data = {"sample_rate": int(sample_rate)}


class Text(Media):
    """A text."""

    kind = "text"

    def __init__(self, text: Any, caption: str | None = None) -> None:
        self.caption = caption
        self.data = {"text": clean_text(str(text))}


class Table(Media):
    """Rows and columns: ``Table(columns, rows)``, a list of dicts, a dict of lists, or a data frame.

    >>> Table(["name", "score"], [["a", 1.0]]).data["rows"]
    [['a', 1.0]]
    """

    kind = "table"

    def __init__(
        self, columns: Any, rows: Iterable[Sequence[Any]] | None = None, caption: str | None = None
    ) -> None:
        self.caption = caption
        names, lines = _table(columns, rows)
        self.data = {
            "columns": [str(name) for name in names],
            "rows": [[settle(v)[0] for v in line] for line in lines],
        }


class Histogram(Media):
    """How often values fall into bins: ``Histogram(values, bins=64)``, or ready-made from ``edges`` and ``counts``.

    >>> Histogram([1, 2, 2, 3], bins=2).data["counts"]
    [1, 3]
    """

    kind = "histogram"

    def __init__(
        self,
        values: Any = None,
        bins: int = 64,
        *,
        edges: Sequence[float] | None = None,
        counts: Sequence[float] | None = None,
        caption: str | None = None,
    ) -> None:
        self.caption = caption
        if edges is not None and counts is not None:
            edges, counts = _floats(edges), _floats(counts)
            if len(edges) != len(counts) + 1:
                raise UsageError(
                    f"a histogram of {len(counts)} counts needs {len(counts) + 1} edges, not {len(edges)}"
                )
            self.data = {"edges": edges, "counts": counts}
        elif values is None:
            raise UsageError("a histogram needs values, or edges and counts")
        else:
            self.data = _histogram(_floats(values), max(1, int(bins)))


class Figure(Media):
    """A drawn figure: of matplotlib (kept as PNG), of plotly or altair (kept as JSON), bytes, or a path."""

    kind = "figure"

    def __init__(self, figure: Any, caption: str | None = None) -> None:
        self.caption = caption
        if isinstance(figure, (bytes, bytearray, str, os.PathLike)):
            self.content, self.media_type = _read(figure, "figure")
        elif callable(getattr(figure, "savefig", None)):
            self.content, self.media_type = _drawn(figure), "image/png"
        elif is_from(figure, "plotly") and callable(getattr(figure, "to_json", None)):
            self.content, self.media_type = str(figure.to_json()).encode(), "application/vnd.plotly.v1+json"
        elif is_from(figure, "altair") and callable(getattr(figure, "to_json", None)):
            self.content, self.media_type = str(figure.to_json()).encode(), "application/vnd.vegalite.v5+json"
        elif callable(getattr(getattr(figure, "figure", None), "savefig", None)):
            self.content, self.media_type = _drawn(figure.figure), "image/png"
        else:
            raise UsageError(
                f"a figure can't be made of {type_name(figure)}",
                hint="give a matplotlib, plotly or altair figure, bytes, or the path of a file",
            )


def recognise(value: Any) -> Media | None:
    """Return the media value that a foreign object plainly is (a figure, a PIL image, a data frame), else None."""
    if isinstance(value, Media):
        return value
    if (
        callable(getattr(value, "savefig", None))
        or is_from(value, "plotly", "Figure")
        or is_from(value, "altair")
    ):
        return Figure(value)
    if is_from(value, "PIL", "Image"):
        return Image(value)
    if is_from(value, "pandas", "DataFrame") or is_from(value, "polars", "DataFrame"):
        return Table(value)
    return None


def _read(data: Any, kind: str) -> tuple[bytes, str]:
    if isinstance(data, (bytes, bytearray)):
        return bytes(data), _type_of(bytes(data[:16]), "")
    path = os.fspath(data)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        raise UsageError(f"no {kind} could be read from {path!r}: {error}") from error
    return content, _type_of(content[:16], path)


def _type_of(beginning: bytes, name: str) -> str:
    if beginning[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(
            beginning[8:12], "application/octet-stream"
        )
    if beginning[4:8] == b"ftyp":
        return "image/avif" if beginning[8:12] == b"avif" else "video/mp4"
    for signature, media_type in _SIGNATURES:
        if beginning.startswith(signature):
            return media_type
    return _ENDINGS.get(os.path.splitext(name)[1].lower(), "application/octet-stream")


def _drawn(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def _pixels(data: Any, what: str) -> Pixels:
    fast = _pixels_of_bytes(data)
    if fast is not None:
        return fast
    nested = as_plain_list(data)
    if nested is None:
        raise UsageError(
            f"{what} can't be made of {type_name(data)}", hint="give bytes, a path, or an array of pixels"
        )
    try:
        return pixels_from(nested)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{what} can't be made of this {type_name(data)}: {as_text(error)}") from error


def _pixels_of_bytes(data: Any) -> Pixels | None:
    """Take an array of whole bytes as it is: a list of its numbers would be slow for a large one."""
    shape = getattr(data, "shape", None)
    if shape is None or str(getattr(data, "dtype", "")) != "uint8" or not hasattr(data, "tobytes"):
        return None
    if len(shape) not in (2, 3) or 0 in shape or (len(shape) == 3 and not 1 <= shape[2] <= 4):
        return None
    return Pixels(int(shape[1]), int(shape[0]), int(shape[2]) if len(shape) == 3 else 1, data.tobytes())


def _wave(data: Any, sample_rate: int) -> bytes:
    import array
    import sys
    import wave

    samples = as_plain_list(data)
    if not samples:
        raise UsageError(
            f"a sound can't be made of {type_name(data)}", hint="give bytes, a path, or an array of samples"
        )
    channels = len(samples[0]) if isinstance(samples[0], (list, tuple)) else 1
    flat = [v for frame in samples for v in frame] if isinstance(samples[0], (list, tuple)) else samples
    try:
        whole = array.array("h", (round(32767 * min(1.0, max(-1.0, float(v)))) for v in flat))
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"a sound needs samples that are numbers from -1 to 1: {as_text(error)}") from error
    if sys.byteorder == "big":
        whole.byteswap()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(whole.tobytes())
    return buffer.getvalue()


def _table(columns: Any, rows: Iterable[Sequence[Any]] | None) -> tuple[list[Any], list[list[Any]]]:
    if rows is not None:
        names, lines = list(columns), [list(row) for row in rows]
    elif is_from(columns, "pandas", "DataFrame"):
        names, lines = list(columns.columns), columns.values.tolist()
    elif is_from(columns, "polars", "DataFrame"):
        names, lines = list(columns.columns), [list(row) for row in columns.rows()]
    elif isinstance(columns, Mapping):
        names = list(columns)
        lists = [as_plain_list(column) or [] for column in columns.values()]
        longest = max((len(values) for values in lists), default=0)
        lines = [[values[i] if i < len(values) else None for values in lists] for i in range(longest)]
    elif isinstance(columns, (list, tuple)) and all(isinstance(row, Mapping) for row in columns):
        names = list(dict.fromkeys(key for row in columns for key in row))
        lines = [[row.get(name) for name in names] for row in columns]
    else:
        raise UsageError(
            f"a table can't be made of {type_name(columns)}",
            hint="give columns and rows, a list of dicts, a dict of lists, or a data frame",
        )
    for position, line in enumerate(lines):
        if len(line) != len(names):
            raise UsageError(f"row {position} of the table has {len(line)} values for {len(names)} columns")
    return names, lines


def _floats(values: Any) -> list[float]:
    nested = as_plain_list(values)
    if nested is None:
        single = as_number(values)
        if single is None:
            raise UsageError(f"numbers are needed here, not {type_name(values)}")
        nested = [single]
    flat: list[float] = []
    pending = [nested]
    while pending:
        for value in pending.pop():
            if isinstance(value, (list, tuple)):
                pending.append(list(value))
                continue
            number = as_number(value)
            if number is None:
                raise UsageError(f"numbers are needed here, and {value!r:.80} is none")
            flat.append(number)
    return flat


def _histogram(values: list[float], bins: int) -> dict[str, Any]:
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / bins
    if math.isinf(width):  # a range wider than floats are
        width = high / bins - low / bins
    counts = [0] * bins
    for value in finite:
        counts[
            min(
                bins - 1,
                int((value - low) / width if math.isfinite(value - low) else value / width - low / width),
            )
            if width > 0
            else 0
        ] += 1
    data: dict[str, Any] = {"edges": [low + width * i for i in range(bins)] + [high], "counts": counts}
    if len(finite) != len(values):
        data["nonfinite"] = len(values) - len(finite)
    return data
