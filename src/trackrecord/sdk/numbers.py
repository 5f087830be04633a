"""Recognising numbers, arrays and figures of other packages without importing them."""

from __future__ import annotations

import math
from typing import Any

from trackrecord.journal.interruption import let_through


def as_number(value: Any) -> float | None:
    """Return ``value`` as a float, or None when it is no single number.

    Takes int, float, bool, Decimal, Fraction, scalars and arrays of one element of numpy, torch, jax, tensorflow, ...
    A whole number too large for a float is none.
    """
    if isinstance(value, (str, bytes, bytearray)) or value is None:
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return None
    try:
        if dtype_kind(value) in ("c", "M", "m", "S", "U"):
            return None
        item = getattr(value, "item", None)
        # a masked element's item is what lies behind the mask; its float is NaN
        if callable(item) and not is_from(value, "numpy", "MaskedArray"):
            value = item()
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            return None
        return float(value)
    except Exception as error:  # foreign code raises what it likes; arrays of several elements do
        let_through(error)
        return None


def dtype_kind(value: Any) -> str:
    """Return numpy's letter for the kind of an array's or scalar's elements, as ``f``; empty for other packages."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return kind if isinstance(kind, str) else ""


def shown(value: Any, longest: int = 80) -> str:
    """Return a value's repr for a message, cut; never raises."""
    try:
        return repr(value)[:longest]
    except Exception as error:  # a broken __repr__, or a whole number of very many digits
        let_through(error)
        return f"<{type_name(value)} whose repr raised {type(error).__name__}>"


def as_text(value: Any) -> str:
    """Return a value's text; never raises, whatever a foreign object does when it is asked for it."""
    try:
        return str(value)
    except Exception as error:  # a broken __str__
        let_through(error)
        return f"<{type_name(value)} whose text raised {type(error).__name__}>"


def as_plain_list(value: Any, longest: int | None = None) -> list[Any] | None:
    """Return an array, tensor, series, tuple, range or list as nested lists; None for anything else.

    No more than the first ``longest`` elements are looked at: those of a large array alone would fill the memory.
    """
    if isinstance(value, (list, tuple, range)):
        return list(value if longest is None else value[:longest])
    if longest is not None:
        value = _beginning(value, longest)
    for name in ("detach", "cpu"):
        step = getattr(value, name, None)
        if callable(step):
            try:
                value = step()
            except Exception as error:  # a tensor that can't be brought here is no list
                let_through(error)
                return None
    if is_from(value, "numpy") and dtype_kind(value) == "M":
        value = value.astype(str)  # its list would be whole numbers of nanoseconds
    tolist = getattr(value, "tolist", None) or getattr(value, "to_list", None)
    if not callable(tolist):
        return None
    try:
        result = tolist()
    except Exception as error:  # foreign code
        let_through(error)
        return None
    return result if isinstance(result, list) else None


def _beginning(value: Any, longest: int) -> Any:
    try:
        if len(value) <= longest:
            return value
        return getattr(value, "iloc", value)[:longest]  # a series of pandas counts by its labels otherwise
    except Exception as error:  # foreign code; no length, or no parts
        let_through(error)
        return value


def is_from(value: Any, package: str, type_name: str | None = None) -> bool:
    """Tell whether a value's type, or a type it derives from, was defined in ``package``."""
    for kind in type(value).__mro__:
        module = kind.__module__ or ""
        if (module == package or module.startswith(package + ".")) and type_name in (None, kind.__name__):
            return True
    return False


def type_name(value: Any) -> str:
    """Return the name of a value's type as a person would write it: ``numpy.ndarray``, ``list``."""
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def is_whole(number: float) -> bool:
    """Tell whether a float is a whole number that an int64 can hold."""
    return math.isfinite(number) and number == math.floor(number) and abs(number) < 9.2e18
