"""Names for runs that were given none: easy to say and to tell apart; the id is what identifies."""

from __future__ import annotations

import os

# written as texts: a list of a name a line would fill pages
_FIRST = (  # noqa: SIM905
    "amber autumn bold brave bright calm clear copper coral crisp dawn deep early eager fair fern firm fresh "
    "gentle glass golden grand green happy hazel honest humble indigo ivory jade jolly keen kind lemon light "
    "little lucky lunar mellow merry mild misty modest noble north olive paper patient pearl plain proud quick "
    "quiet rapid rose royal ruby rustic sage scarlet sharp shiny silent silver simple slow smooth snowy soft "
    "solar spring steady still stone sunny swift tall tidy timber true velvet violet warm west white wild winter "
    "wise young"
).split()
_SECOND = (  # noqa: SIM905
    "anchor apple arrow ash badger bay beacon bear birch bird bloom breeze bridge brook canyon cedar cliff cloud "
    "comet creek crow delta dove dune eagle ember falcon field finch fjord flame forest fox garden glade grove "
    "harbor hawk heron hill horizon island ivy kite lake lantern lark leaf lily lynx maple marsh meadow mesa mill "
    "moon moss mountain oak ocean orchid otter owl peak pebble pine plover pond poplar prairie quail rain raven "
    "reef ridge river robin sail seal shore sky snow sparrow spruce star stream summit thistle tide trail tree "
    "valley wave willow wind wolf wood wren"
).split()


def random_name() -> str:
    """Return a name such as ``quiet-river``.

    Uses the system's randomness: seeding ``random`` must neither repeat names nor be disturbed by them.
    """
    number = int.from_bytes(os.urandom(4), "big")
    return f"{_FIRST[number % len(_FIRST)]}-{_SECOND[number // len(_FIRST) % len(_SECOND)]}"
