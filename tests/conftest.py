"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# Timing is never asserted: a slow machine is no defect.
settings.register_profile("trackrecord", deadline=None)
settings.load_profile("trackrecord")
