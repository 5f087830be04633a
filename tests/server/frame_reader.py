"""Reads the binary frame of docs/api.md, written from that page alone."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def read_frame(data: bytes) -> dict[str, Any]:
    """Return the header, with each series' columns as arrays under ``x``, ``y``, ``low``, ``high``, ``count``."""
    magic, version, zero, length, zero_too = struct.unpack_from("<4sHHII", data)
    assert (magic, version, zero, zero_too) == (b"TRKF", 1, 0, 0)
    assert length % 8 == 0
    header: dict[str, Any] = json.loads(data[16 : 16 + length])
    body = data[16 + length :]
    for series in header["series"]:
        wanted = {"x", "y"} if series["exact"] else {"x", "y", "low", "high", "count"}
        assert set(series["columns"]) == wanted | ({"smooth"} if "smoothing_length" in series else set())
        for name, offset in series.pop("columns").items():
            assert offset % 8 == 0
            kind = "<u4" if name == "count" else "<f8"
            series[name] = np.frombuffer(body, kind, series["points"], offset)
    for group in header.get("groups", []):
        for name, offset in group["columns"].items():
            assert offset % 8 == 0
            kind = "<u4" if name == "n" else "<f8"
            group["columns"][name] = np.frombuffer(body, kind, group["points"], offset)
    return header
