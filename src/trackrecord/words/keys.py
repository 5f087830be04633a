"""Names of params and metrics: how nested ones are joined and how unusable ones are mended."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

#: Longer names are shortened, with a checksum so that different ones stay different.
LONGEST_KEY = 1000


def mend_key(key: Any) -> tuple[str, str | None]:
    """Return a usable name for ``key`` and, where it had to be changed, a sentence that says why.

    >>> mend_key("val/loss")
    ('val/loss', None)
    >>> mend_key(3)[0]
    '3'
    """
    reason = None
    if not isinstance(key, str):
        reason = (
            f"the name {key!r:.80} is a {type(key).__name__}, not a text; it was kept as {str(key)!r:.80}"
        )
        key = str(key)
    if any("\ud800" <= character <= "\udfff" for character in key) or "\x00" in key:
        reason = f"the name {key!r:.80} has characters that can't be written as UTF-8; they were replaced"
        key = key.encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")
    if not key:
        return "unnamed", "an empty name was kept as 'unnamed'"
    if len(key) > LONGEST_KEY:
        checksum = zlib.crc32(key.encode("utf-8", "replace"))
        reason = f"a name of {len(key)} characters ({key[:40]!r}...) was shortened to {LONGEST_KEY}"
        key = f"{key[: LONGEST_KEY - 10]}~{checksum:08x}"
    return key, reason


def flatten(nested: Mapping[Any, Any], prefix: str = "") -> dict[Any, Any]:
    """Join the names of nested mappings by dots; empty mappings and lists stay values.

    >>> flatten({"optimizer": {"name": "adam", "lr": 0.1}, "layers": [64, 32]})
    {'optimizer.name': 'adam', 'optimizer.lr': 0.1, 'layers': [64, 32]}
    """
    flat: dict[Any, Any] = {}
    pending: list[tuple[Any, Any, int]] = [(prefix, nested, 0)] if nested else []
    while pending:
        path, value, depth = pending.pop()
        if isinstance(value, Mapping) and value and depth < 50:
            children = [(f"{path}.{key}" if path else key, child, depth + 1) for key, child in value.items()]
            pending.extend(reversed(children))
        else:
            flat[path] = value
    return flat
