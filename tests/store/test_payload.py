"""Payloads of chunks: lossless, and a flipped bit never goes unseen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.store.points import payload
from trackrecord.words.errors import FormatError

_bits = st.lists(st.integers(0, 2**64 - 1), max_size=300)
_codecs = st.sampled_from([payload.RAW, payload.SHUFFLED, payload.PCODEC])


@given(_bits, _codecs, st.sampled_from(["<f8", "<i8"]))
def test_every_bit_pattern_comes_back(bits: list[int], codec: int, kind: str) -> None:
    """Any float64 (NaN payloads, infinities, subnormals) and any int64 is the same after a round trip."""
    numbers = np.array(bits, dtype="<u8").view(kind)
    back = payload.decode(payload.encode(numbers, codec))
    assert back.dtype == numbers.dtype
    assert back.tobytes() == numbers.tobytes()


@given(st.binary(max_size=300), _codecs)
def test_flags_come_back(flags: bytes, codec: int) -> None:
    """Single bytes are kept as they are."""
    numbers = np.frombuffer(flags, dtype="u1")
    assert payload.decode(payload.encode(numbers, codec)).tobytes() == flags


@given(_bits.filter(bool), _codecs, st.data())
def test_a_flipped_bit_is_found(bits: list[int], codec: int, data: st.DataObject) -> None:
    """One flipped bit anywhere, header included, raises FormatError."""
    good = bytearray(payload.encode(np.array(bits, dtype="<u8").view("<f8"), codec))
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    good[place // 8] ^= 1 << place % 8
    with pytest.raises(FormatError):
        payload.decode(bytes(good))


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_format_error(junk: bytes) -> None:
    """Junk never raises anything but FormatError."""
    with pytest.raises(FormatError):
        payload.decode(junk)


def test_regular_steps_take_almost_nothing() -> None:
    """Evenly spaced whole steps shrink at least fiftyfold."""
    steps = np.arange(0, 409_600, 100, dtype="<i8")
    assert len(payload.encode(steps, payload.SHUFFLED)) * 50 < steps.nbytes


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1.0, 5e-324, float("inf"), float("-inf"), float("nan")]),
        min_size=300,
        max_size=500,
    )
)
def test_pcodec_keeps_every_bit(values: list[float]) -> None:
    """What pcodec really packs comes back bit for bit, kinds of NaN and of zero included."""
    numbers = np.array([*values, *np.array([0x7FF8000000000001, 0xFFF0000000000123], "<u8").view("<f8")])
    packed = payload.encode(numbers, payload.PCODEC)
    assert packed[0] == payload.PCODEC
    assert payload.decode(packed).tobytes() == numbers.tobytes()


@given(st.integers(0, 2**31), st.data())
def test_a_flipped_bit_of_what_pcodec_packed_is_found(seed: int, data: st.DataObject) -> None:
    """One flipped bit anywhere in a payload of pcodec raises FormatError."""
    good = bytearray(payload.encode(np.random.default_rng(seed).integers(0, 50, 400), payload.PCODEC))
    assert good[0] == payload.PCODEC
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    good[place // 8] ^= 1 << place % 8
    with pytest.raises(FormatError):
        payload.decode(bytes(good))
