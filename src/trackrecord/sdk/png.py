"""Arrays of pixels to PNG (W3C PNG, third edition; several frames as animated PNG), with zlib alone."""

from __future__ import annotations

import struct
import zlib
from typing import Any

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: channels to the PNG colour type
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


class Pixels:
    """One picture as bytes: ``height`` rows of ``width`` pixels of ``channels`` bytes."""

    def __init__(self, width: int, height: int, channels: int, content: bytes) -> None:
        self.width, self.height, self.channels, self.content = width, height, channels, content


def pixels_from(nested: Any) -> Pixels:
    """Read nested lists ``[row][column]`` or ``[row][column][channel]`` (1 to 4 channels) as pixels.

    Whole numbers are 0 to 255, and fractions 0 to 1 when no value is above 1, booleans black and white;
    values beyond are cut. Raises ValueError for other shapes.
    """
    if not nested or not isinstance(nested[0], (list, tuple)) or not nested[0]:
        raise ValueError("an image needs rows and columns: a list of lists, or an array of 2 or 3 dimensions")
    height, width = len(nested), len(nested[0])
    deep = isinstance(nested[0][0], (list, tuple))
    channels = len(nested[0][0]) if deep else 1
    if channels not in _COLOUR_TYPES:
        raise ValueError(f"an image has 1 to 4 channels in its last dimension, not {channels}")
    flat: list[float] = []
    for row in nested:
        if len(row) != width:
            raise ValueError("the rows of an image must be equally long")
        if deep:
            for pixel in row:
                if len(pixel) != channels:
                    raise ValueError("the pixels of an image must have the same channels")
                flat.extend(pixel)
        else:
            flat.extend(row)
    fractions = any(isinstance(value, float) for value in flat) and not any(value > 1.0 for value in flat)
    mask = all(isinstance(value, bool) for value in flat)
    scale = 255.0 if fractions or mask else 1.0
    content = bytes(_to_byte(value, scale) for value in flat)
    return Pixels(width, height, channels, content)


def encode_png(pixels: Pixels) -> bytes:
    """Return one picture as a PNG file."""
    return _SIGNATURE + _header(pixels) + _chunk(b"IDAT", _compressed(pixels)) + _chunk(b"IEND", b"")


def encode_animated_png(frames: list[Pixels], frames_per_second: float) -> bytes:
    """Return several pictures of one size as an animated PNG that repeats for ever."""
    if not frames:
        raise ValueError("a video needs at least one frame")
    first = frames[0]
    if any((f.width, f.height, f.channels) != (first.width, first.height, first.channels) for f in frames):
        raise ValueError("the frames of a video must have the same size")
    delay = (1000, max(1, round(frames_per_second * 1000)))
    parts = [_SIGNATURE, _header(first), _chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    number = 0
    for position, frame in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", number, frame.width, frame.height, 0, 0, *_small(delay), 0, 0)
        parts.append(_chunk(b"fcTL", control))
        number += 1
        if position == 0:
            parts.append(_chunk(b"IDAT", _compressed(frame)))
        else:
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + _compressed(frame)))
            number += 1
    return b"".join([*parts, _chunk(b"IEND", b"")])


def _to_byte(value: float, scale: float) -> int:
    scaled = value * scale
    if scaled != scaled or scaled <= 0:  # NaN is drawn black
        return 0
    return 255 if scaled >= 255 else int(scaled + 0.5)


def _header(pixels: Pixels) -> bytes:
    colour = _COLOUR_TYPES[pixels.channels]
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", pixels.width, pixels.height, 8, colour, 0, 0, 0))


def _compressed(pixels: Pixels) -> bytes:
    stride = pixels.width * pixels.channels
    rows = (pixels.content[start : start + stride] for start in range(0, stride * pixels.height, stride))
    return zlib.compress(b"".join(b"\x00" + row for row in rows), 6)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _small(delay: tuple[int, int]) -> tuple[int, int]:
    """Bring a fraction of a second into two 16-bit numbers."""
    above, below = delay
    while below > 65535 or above > 65535:
        above, below = max(1, above // 2), max(1, below // 2)
    return above, below
