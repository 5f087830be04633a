"""Names of params and metrics: how nested ones are joined and how unusable ones are mended."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

#: Longer names are shortened, with a checksum so that different ones stay different.
LONGEST_KEY = 1000
#: mappings nested deeper than this are values
DEEPEST = 50


def mend_key(key: Any) -> tuple[str, str | None]:
    """Return a usable name for ``key`` and, where it had to be changed, a sentence that says why.

    >>> mend_key("val/loss")
    ('val/loss', None)
    >>> mend_key(3)[0]
    '3'
    """
    reason = None
    if not isinstance(key, str):
        text = _text_of(key)
        reason = f"a name is of the type {type(key).__name__}, not a text; it was kept as {text!r:.80}"
        key = text
    if not key.isascii() or "\x00" in key:
        written = key.encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")
        if written != key:
            reason = f"the name {key!r:.80} has characters that can't be written as UTF-8; they were replaced"
            key = written
    if not key:
        return "unnamed", "an empty name was kept as 'unnamed'"
    if len(key) > LONGEST_KEY:
        checksum = zlib.crc32(key.encode("utf-8", "replace"))
        reason = f"a name of {len(key)} characters ({key[:40]!r}...) was shortened to {LONGEST_KEY}"
        key = f"{key[: LONGEST_KEY - 10]}~{checksum:08x}"
    return key, reason


def flatten(nested: Mapping[Any, Any], separator: str = ".") -> list[tuple[Any, Any]]:
    """Return (joined name, value) of nested mappings; empty mappings and lists stay values.

    A mapping that holds itself is a value where it comes again.

    >>> flatten({"optimizer": {"name": "adam", "lr": 0.1}, "layers": [64, 32]})
    [('optimizer.name', 'adam'), ('optimizer.lr', 0.1), ('layers', [64, 32])]
    """
    flat: list[tuple[Any, Any]] = []
    around = frozenset((id(nested),))
    pending: list[tuple[Any, Any, frozenset[int]]] = [
        (key, value, around) for key, value in reversed(list(nested.items()))
    ]
    while pending:
        path, value, around = pending.pop()
        if isinstance(value, Mapping) and value and id(value) not in around and len(around) < DEEPEST:
            inside = around | {id(value)}
            children = [
                (f"{_text_of(path)}{separator}{_text_of(key)}", child, inside) for key, child in value.items()
            ]
            pending.extend(reversed(children))
        else:
            flat.append((path, value))
    return flat


def _text_of(key: Any) -> str:
    try:
        return str(key)
    except Exception:  # noqa: BLE001 - any error of a foreign __str__ means only that it says nothing
        return f"a {type(key).__name__}"
