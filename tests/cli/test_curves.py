"""Charts made of characters: what holds for any numbers."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from trackrecord.cli.curves import Curve, Look, draw_chart, ticks

_ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(
    points=st.lists(st.tuples(_ANY, _ANY), max_size=40),
    width=st.integers(20, 120),
    height=st.integers(3, 30),
    log_y=st.booleans(),
    log_x=st.booleans(),
    unicode=st.booleans(),
    band=st.booleans(),
)
def test_any_numbers_can_be_drawn(
    *,
    points: list[tuple[float, float]],
    width: int,
    height: int,
    log_y: bool,
    log_x: bool,
    unicode: bool,
    band: bool,
) -> None:
    """No numbers, however odd, break a chart, and it keeps to its height."""
    x, y = [point[0] for point in points], [point[1] for point in points]
    look = Look(width, height, log_y, unicode, colour=False, log_x=log_x)
    lines = draw_chart([Curve("c", x, y, y, y[::-1], band)], look, "step")

    assert len(lines) in (1, height + 3)
    assert unicode or all(line.plain.isascii() for line in lines)


@given(low=st.floats(-1e9, 1e9), size=st.floats(1e-6, 1e9), most=st.integers(2, 20))
def test_ticks_are_inside_and_evenly_spaced(low: float, size: float, most: int) -> None:
    """Ticks lie within the range, rise, and are as many as asked for or fewer."""
    high = low + size
    found = ticks(low, high, most)
    tolerance = 1e-6 * max(abs(low), abs(high), size)

    assert len(found) <= most + 2
    assert all(low - tolerance <= tick <= high + tolerance for tick in found)
    assert found == sorted(found)


def test_gap_at_nan() -> None:
    """NaN interrupts a curve: nothing is drawn between its neighbours."""
    y = [0.0, 1.0, math.nan, math.nan, math.nan, 1.0, 0.0]
    x = [0.0, 1.0, 2.0, 30.0, 60.0, 99.0, 100.0]
    lines = draw_chart([Curve("c", x, y, y, y)], Look(80, 5, colour=False), "step")

    middle = [line.plain[20:60].strip() for line in lines[:5]]
    assert middle == [""] * 5


def test_single_spike_of_a_bucket_is_drawn() -> None:
    """The extremes of a bucket are drawn, however far from its mean they are."""
    x = [float(at) for at in range(100)]
    y = [0.0] * 100
    high = [100.0 if at == 50 else 0.0 for at in range(100)]
    lines = draw_chart([Curve("c", x, y, y, high)], Look(60, 10, colour=False), "step")

    assert all(any(0x2800 < ord(character) < 0x2900 for character in line.plain) for line in lines[:10])
