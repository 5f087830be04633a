"""Values of params and summaries as JSON can hold them, whatever they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trackrecord.journal.format import decode_value, encode_value
from trackrecord.journal.interruption import let_through
from trackrecord.sdk.numbers import as_plain_list, dtype_kind, is_from, type_name
from trackrecord.sdk.problems import Problems
from trackrecord.words.keys import flatten, mend_key

#: longer texts are cut, with their length and a digest of the whole; so are all texts in one list together
LONGEST_TEXT = 100_000
#: what is no plain value is known by its repr; of that less is enough
LONGEST_REPR = 10_000
#: a list with more values in it, counting those of lists in it, is kept as its repr
LONGEST_LIST = 10_000
DEEPEST_LIST = 20
LONGEST_TYPE = 200


class Settled(NamedTuple):
    """A value as JSON for a journal. ``kept``: its meaning was kept; ``cut``: it was too long and is not all there."""

    json: Any
    kept: bool
    cut: bool


def settle(value: Any) -> Settled:
    """Return ``value`` as JSON for a journal, and whether its meaning was kept.

    Numbers, texts, booleans, None, and lists of such are kept exactly; enums by value, paths and dates by their text,
    scalars of numpy and torch by number. All else is kept as its ``repr`` with its type.
    """
    room = _Room()
    json, kept = _settle(value, 0, room)
    return Settled(json, kept, room.cut)


def settle_all(
    values: Mapping[Any, Any], what: str, code: str, problems: Problems
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, its JSON) of nested params or results; what could not be kept as it is, is noted.

    ``what`` is the word for one of them, ``code`` that of the problem of an unusual one.
    """
    for key, value in flatten(values):
        name, reason = mend_key(key)
        if reason:
            problems.note("bad_key", f"{what}: {reason}")
        settled = settle(value)
        if settled.cut:
            problems.note(
                f"long_{what}",
                f"the {what} {name!r:.80} is too long to be kept whole; its beginning and a digest were kept",
                "keep long texts and data with log_text or log_artifact",
            )
        if not settled.kept:
            problems.note(
                code,
                f"the {what} {name!r:.80} is of the type {type_name(value)}; its repr was kept",
                "give numbers, texts, booleans, or lists and dicts of such",
            )
        yield name, value, settled.json


def readable(value: Any, json: Any) -> Any:
    """Return what is read back of a value in this process: itself, but of an array or a tensor only its numbers.

    A tensor would hold on to memory of its device, and to all that it was computed from.
    """
    try:
        return decode_value(json) if hasattr(value, "shape") else value
    except Exception as error:  # a foreign object's own trouble
        let_through(error)
        return value


class _Room:
    """How much more may be in the whole of which a value is a part."""

    def __init__(self) -> None:
        self.values = LONGEST_LIST
        self.characters = LONGEST_TEXT
        self.cut = False


def _settle(value: Any, depth: int, room: _Room) -> tuple[Any, bool]:
    kind = type(value)
    if value is None or kind is bool:
        return value, True
    if kind is int or kind is float:
        return encode_value(value), True
    if kind is str:
        return _cut(value, room.characters, room), True
    if (
        isinstance(value, (list, tuple, set, frozenset))
        and depth < DEEPEST_LIST
        and len(value) <= room.values
    ):
        room.values -= len(value)
        settled = [_settle(child, depth + 1, room) for child in value]
        if isinstance(value, (set, frozenset)):
            settled.sort(key=repr)
        return [child for child, _ in settled], all(kept for _, kept in settled)
    try:
        found = _foreign(value)
        if found is not None:
            return _settle(found[0], depth + 1, room)
    except Exception as error:  # foreign code may raise anything; the repr below is left
        let_through(error)
    if isinstance(value, dict) and not value:
        return {}, True
    text = _cut(_safe_repr(value), min(LONGEST_REPR, room.characters), room)
    return {"$repr": text, "type": type_name(value)[:LONGEST_TYPE]}, False


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
    if isinstance(value, range) and value[LONGEST_LIST:]:
        return None  # its repr says all
    listed = as_plain_list(value)
    return None if listed is None else (listed,)


def clean_text(text: str) -> str:
    """Return a text without what UTF-8 and databases can't hold."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "\ufffd")


def cut_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a clean text, cut where it is too long, in such a way that different long texts stay different."""
    whole = clean_text(text)
    if len(whole) <= longest:
        return whole
    import hashlib  # loads OpenSSL, which nobody needs for importing us

    digest = hashlib.sha256(whole.encode()).hexdigest()
    return f"{whole[:longest]}... (cut: {len(whole)} characters, sha256:{digest})"


def _cut(text: str, longest: int, room: _Room) -> str:
    kept = cut_text(text, longest)
    room.cut = room.cut or len(text) > longest
    room.characters = max(0, room.characters - len(text))
    return kept


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # a broken __repr__ must not reach the training
        let_through(error)
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
