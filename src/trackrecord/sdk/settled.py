"""Values of params and summaries as JSON can hold them, whatever they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackrecord.journal.format import encode_value
from trackrecord.sdk.numbers import as_plain_list, dtype_kind, is_from, type_name

#: longer texts are cut, with a note of how long they were
LONGEST_TEXT = 100_000
#: a list with more values in it, counting those of lists in it, is kept as its repr
LONGEST_LIST = 10_000
DEEPEST_LIST = 20


def settle(value: Any) -> tuple[Any, bool]:
    """Return ``value`` as JSON for a journal, and whether its meaning was kept.

    Numbers, texts, booleans, None, and lists of such are kept exactly; enums by value, paths and dates by their text,
    scalars of numpy and torch by number. All else is kept as its ``repr`` with its type, and the answer is False.
    """
    return _settle(value, 0, [LONGEST_LIST])


def _settle(value: Any, depth: int, room: list[int]) -> tuple[Any, bool]:
    """Settle a value; ``room`` holds how many more may be in the whole of which it is a part."""
    kind = type(value)
    if value is None or kind is bool:
        return value, True
    if kind is int or kind is float:
        return encode_value(value), True
    if kind is str:
        return _cut(value), True
    if isinstance(value, (list, tuple, set, frozenset)) and depth < DEEPEST_LIST and len(value) <= room[0]:
        room[0] -= len(value)
        settled = [_settle(child, depth + 1, room) for child in value]
        if isinstance(value, (set, frozenset)):
            settled.sort(key=repr)
        return [child for child, _ in settled], all(kept for _, kept in settled)
    try:
        found = _foreign(value)
        if found is not None:
            return _settle(found[0], depth + 1, room)
    except Exception:  # foreign code may raise anything; the repr below is left
        pass
    if isinstance(value, dict) and not value:
        return {}, True
    return {"$repr": _cut(_safe_repr(value)), "type": type_name(value)}, False


def _foreign(value: Any) -> tuple[Any] | None:
    """Return the plain value that a foreign object stands for, in a tuple of its own; None when there is none."""
    if is_from(value, "enum") and getattr(value, "value", None) is not None:
        return (value.value,)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return (plain(value),)
    if any(is_from(value, package) for package in ("pathlib", "datetime", "uuid", "decimal")):
        return (str(value),)
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        if dtype_kind(value) in ("M", "m"):
            return (str(value),)
        # what lies behind the mask of a masked element is not meant; its list is None
        item = value.tolist() if is_from(value, "numpy", "MaskedArray") else value.item()
        if item is None or type(item) in (int, float, bool, str):
            return (item,)
        if dtype_kind(value) == "f" and float(item) == item:  # a longdouble that a float can hold
            return (float(item),)
    if isinstance(value, (list, tuple)):
        return None  # it was too long or too deep already
    listed = as_plain_list(value)
    return None if listed is None else (listed,)


def clean_text(text: str) -> str:
    """Return a text without what UTF-8 and databases can't hold."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "\ufffd")


def _cut(text: str) -> str:
    text = clean_text(text)
    if len(text) > LONGEST_TEXT:
        return f"{text[:LONGEST_TEXT]}... (cut; {len(text)} characters)"
    return text


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # a broken __repr__ must not reach the training
        return f"<{type_name(value)} whose repr raised {type(error).__name__}>"


def as_mapping(params: Any) -> Mapping[Any, Any] | None:
    """Return params given as a mapping, a dataclass, a namespace or an object of attributes as a mapping."""
    if isinstance(params, Mapping):
        return params
    if (
        isinstance(params, (str, bytes, int, float, list, tuple, set))
        or params is None
        or isinstance(params, type)
    ):
        return None
    if callable(getattr(params, "items", None)):  # a config that only behaves like a dict
        return dict(params.items())
    names = getattr(params, "__dataclass_fields__", None)
    if names is not None:
        return {name: _nested(getattr(params, name)) for name in names}
    attributes = getattr(params, "__dict__", None)
    return (
        None
        if attributes is None
        else {name: value for name, value in attributes.items() if not name.startswith("_")}
    )


def _nested(value: Any) -> Any:
    return as_mapping(value) if hasattr(value, "__dataclass_fields__") else value
