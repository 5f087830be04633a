"""Fields of a journal's JSON records as the database can hold them. Nothing a record says makes these raise."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any, NamedTuple

from trackrecord.journal.format import decode_value
from trackrecord.journal.reader import Record

Fields = dict[str, Any]
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_QUOTE = json.encoder.encode_basestring
_LARGEST = 1 << 53


class TypedValue(NamedTuple):
    """A value of a param or a summary: its kind, its number or text for searching, and its exact JSON."""

    kind: str
    number: float | None
    text: str | None
    value: str


@lru_cache(maxsize=4)
def fields_of(record: Record) -> Fields:
    """Return the fields of a structural record as ``Record.fields`` does, sooner. Not to be changed."""
    import msgspec  # here, so that looking at a store whose inbox is empty does without

    try:
        found = msgspec.json.decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return record.fields()  # what is no JSON, or such as only Python takes
    return found if isinstance(found, dict) else {}


def clean(text: str) -> str:
    """Return ``text`` without what UTF-8 and SQLite can't hold."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def text(fields: Fields, name: str) -> str | None:
    """Return a field that is a text, None when it is absent or something else."""
    value = fields.get(name)
    return clean(value) if isinstance(value, str) else None


def texts(fields: Fields, name: str) -> list[str]:
    """Return a field that is a list of texts; what is no text in it is left out."""
    value = fields.get(name)
    return [clean(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []


def whole(fields: Fields, name: str) -> int | None:
    """Return a field that is a whole number of at most 64 bits."""
    value = fields.get(name)
    if type(value) is not int:
        value = decoded(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    return None


def number(fields: Fields, name: str) -> float | None:
    """Return a field that is a finite number."""
    value = decoded(fields.get(name))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = as_float(value)
        return found if math.isfinite(found) else None
    return None


def decoded(raw: Any) -> Any:
    """Return the value that raw JSON stands for; the JSON itself where it is nested too deeply."""
    try:
        return decode_value(raw)
    except RecursionError:
        return raw


def json_text(value: Any) -> str:
    """Return raw JSON (as it came from a record) as compact text."""
    try:
        return clean(_text_of(value) if type(value) in (dict, list) else _ENCODER.encode(value))
    except RecursionError:
        return '{"$repr":"nested too deeply to be kept"}'


def _text_of(value: Any) -> str:
    """Return compact JSON as ``json`` writes it, sooner for what is small and plain."""
    kind = type(value)
    if kind is str:
        return _QUOTE(value)
    if kind is int:
        return repr(value)
    if kind is dict:
        return "{" + ",".join([f"{_QUOTE(key)}:{_text_of(child)}" for key, child in value.items()]) + "}"
    if kind is list:
        return "[" + ",".join([_text_of(child) for child in value]) + "]"
    return "null" if value is None else _ENCODER.encode(value)


def as_float(value: int | float) -> float:
    """Return a number as float64; whole numbers too great for one become infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def typed(raw: Any) -> TypedValue:
    """Sort a raw JSON value of a param or a summary into one of the kinds of docs/store.md."""
    # the commonest kinds first: this is called for every param of every run
    if type(raw) is float and raw - raw == 0.0:
        return TypedValue("float", raw, None, repr(raw))
    if type(raw) is int and -_LARGEST <= raw <= _LARGEST:
        return TypedValue("int", float(raw), None, repr(raw))
    if type(raw) is bool:
        return TypedValue("bool", float(raw), None, "true" if raw else "false")
    if type(raw) is str:
        return TypedValue("text", None, clean(raw), clean(_QUOTE(raw)))
    value = decoded(raw) if isinstance(raw, dict) else raw
    exact = json_text(raw)
    if value is None:
        return TypedValue("none", None, None, exact)
    if isinstance(value, bool):
        return TypedValue("bool", float(value), None, exact)
    if isinstance(value, int):
        return TypedValue("int", as_float(value), None, exact)
    if isinstance(value, float):
        return TypedValue("float", value, None, exact)
    if isinstance(value, str):
        return TypedValue("text", None, clean(value), exact)
    return TypedValue("json", None, None, exact)
