"""Metric contracts and experiments as records; they hold for the whole project."""

from __future__ import annotations

from typing import Any

from trackrecord.journal.format import encode_value
from trackrecord.sdk.caller import user_name
from trackrecord.sdk.numbers import as_number
from trackrecord.words.errors import UsageError
from trackrecord.words.keys import mend_key

_CONTRACT_WORDS = ("goal", "unit", "primary", "x", "low", "high", "description")
_EXPERIMENT_WORDS = ("hypothesis", "prediction", "verdict", "conclusion")
_GOALS = {
    "max": "max",
    "maximize": "max",
    "maximise": "max",
    "min": "min",
    "minimize": "min",
    "minimise": "min",
    None: None,
}


def contract_fields(pattern: str, **given: Any) -> dict[str, Any]:
    """Return the fields of a contract record. Raises UsageError for a goal or a word that does not exist."""
    _refuse_unknown(given, _CONTRACT_WORDS, "a metric contract")
    goal = given.get("goal")
    if goal not in _GOALS:
        raise UsageError(f"the goal of {pattern!r} is {goal!r}", hint='give goal="max" or goal="min"')
    return {
        "pattern": mend_key(pattern)[0],
        "goal": _GOALS[goal],
        "unit": _text(given.get("unit")),
        "primary": bool(given.get("primary", False)),
        "x": _text(given.get("x")),
        "low": encode_value(as_number(given.get("low"))),
        "high": encode_value(as_number(given.get("high"))),
        "description": _text(given.get("description")),
        "who": user_name(),
    }


def experiment_fields(name: Any, **given: Any) -> dict[str, Any]:
    """Return the fields of an experiment record. Raises UsageError for an empty name or a word that does not exist."""
    _refuse_unknown(given, _EXPERIMENT_WORDS, "an experiment")
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"an experiment needs a name, not {name!r}")
    return {"name": name, **{word: _text(given.get(word)) for word in _EXPERIMENT_WORDS}, "who": user_name()}


def _refuse_unknown(given: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    unknown = [word for word in given if word not in known]
    if unknown:
        raise UsageError(f"{what} has no {unknown[0]!r}", hint="it has " + ", ".join(known))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
