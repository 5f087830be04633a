"""Values of params and summaries as JSON can hold them, whatever they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackrecord.journal.format import encode_value
from trackrecord.sdk.numbers import as_plain_list, is_from, type_name

#: longer texts are cut, with a note of how long they were
LONGEST_TEXT = 100_000
LONGEST_LIST = 10_000


def settle(value: Any, depth: int = 0) -> tuple[Any, bool]:
    """Return ``value`` as JSON for a journal, and whether its meaning was kept.

    Numbers, texts, booleans, None, and lists of such are kept exactly; enums by value, paths and dates by their text,
    scalars of numpy and torch by number. All else is kept as its ``repr`` with its type, and the answer is False.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value, True
    if kind is int or kind is float:
        return encode_value(value), True
    if kind is str:
        return _settle_text(value), True
    if isinstance(value, (list, tuple)) and depth < 20 and len(value) <= LONGEST_LIST:
        settled = [settle(child, depth + 1) for child in value]
        return [child for child, _ in settled], all(kept for _, kept in settled)
    if isinstance(value, (set, frozenset)) and depth < 20 and len(value) <= LONGEST_LIST:
        settled = sorted((settle(child, depth + 1) for child in value), key=repr)
        return [child for child, _ in settled], all(kept for _, kept in settled)
    return _settle_foreign(value, depth)


def _settle_foreign(value: Any, depth: int) -> tuple[Any, bool]:
    try:
        if isinstance(value, bool):
            return bool(value), True
        enum_value = getattr(value, "value", None) if is_from(value, "enum") else None
        if enum_value is not None:
            return settle(enum_value, depth + 1)
        if isinstance(value, str):
            return _settle_text(str(value)), True
        if isinstance(value, int):
            return encode_value(int(value)), True
        if isinstance(value, float):
            return encode_value(float(value)), True
        if (
            is_from(value, "pathlib")
            or is_from(value, "datetime")
            or is_from(value, "uuid")
            or is_from(value, "decimal")
        ):
            return str(value), True
        if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
            item = value.item()
            if type(item) in (int, float, bool, str):
                return settle(item, depth + 1)
        plain = as_plain_list(value)
        if plain is not None and depth < 20 and _count(plain, LONGEST_LIST) <= LONGEST_LIST:
            return settle(plain, depth + 1)
        if isinstance(value, dict) and not value:
            return {}, True
    except Exception:  # foreign code may raise anything; the repr below is left
        pass
    return {"$repr": _settle_text(_safe_repr(value)), "type": type_name(value)}, False


def _settle_text(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
    text = text.replace("\x00", "\ufffd")
    if len(text) > LONGEST_TEXT:
        return f"{text[:LONGEST_TEXT]}... (cut; {len(text)} characters)"
    return text


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # a broken __repr__ must not reach the training
        return f"<{type_name(value)} whose repr raised {type(error).__name__}>"


def _count(nested: Any, most: int) -> int:
    if not isinstance(nested, (list, tuple)):
        return 1
    total = 0
    for child in nested:
        total += _count(child, most)
        if total > most:
            break
    return total


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
