"""What all shapes have in common."""

from __future__ import annotations

import msgspec


class Shape(msgspec.Struct, frozen=True):
    """Base of all shapes."""
