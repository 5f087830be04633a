"""The filter language as a text: what is understood, and what is said about the rest."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.query.moments import moment_of
from trackrecord.query.order import parse_order
from trackrecord.query.parser import parse_filter
from trackrecord.query.patterns import safe_pattern
from trackrecord.query.syntax import All, AnyOf, Comparison, Name, Not, NumberLiteral, OneOf, TextLiteral
from trackrecord.words.errors import QueryError

_PIECES = [
    "accuracy", "val/loss", "params.lr", 'params["lr"]', 'metrics["val/acc"].max', "`odd name`", "tags", "state",
    "and", "or", "not", "in", "is", "missing", "nan", "none", "true", "contains", "startswith", "~", "!~", "==", "!=",
    "<", "<=", ">", ">=", "=", "(", ")", "[", "]", ",", ".", "1", "-1e-3", "1e999", "inf", "-inf", "10m", "-7d", "'a'",
    '"b\\"c"', '"', "'", "`", "2026-11-01", "2026-13-01", "\x00", "\ud800", "é", "\\", "0x1", "1_000", "--", ";",
]  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(_PIECES)).map(" ".join),
        st.lists(st.sampled_from(_PIECES)).map("".join),
    )
)
def test_any_text_is_a_filter_or_a_query_error(text: str) -> None:
    """Whatever is typed, nothing but QueryError comes out, and its position lies in the text."""
    for parse in (parse_filter, parse_order):
        error = _error_of(parse, text)
        assert error is None or str(error)
        assert error is None or error.position is None or 0 <= error.position <= len(text)


def _error_of(parse: Callable[[str], object], text: str) -> QueryError | None:
    try:
        parse(text)
    except QueryError as error:
        return error
    return None


@given(st.text(max_size=60))
def test_any_pattern_is_safe_or_a_query_error(pattern: str) -> None:
    """Whatever stands behind ~, nothing but QueryError comes out."""
    error = _error_of(safe_pattern, pattern)
    assert error is None or "regular expression" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 10_000 + "a == 1" + ")" * 10_000,
        "not " * 10_000,
        "not (" * 4_000 + "a == 1" + ")" * 4_000,
        " and ".join(["a == 1"] * 3_000),
        "a in [" + "1," * 9_000 + "]",
        "a == 1" + " " * 1_000_000,
        "a == " + "9" * 19_000,
        'a ~ "' + "(" * 9_000 + '"',
        "a == 1 or " * 2_500 + "a == 1",
    ],
)
def test_huge_and_deep_texts_are_query_errors(text: str) -> None:
    """Size and depth end in QueryError, never in RecursionError or an error of the database."""
    with pytest.raises(QueryError):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ("a = 1", 2, "=="),
        ("a == 1 && b == 2", 7, "and"),
        ("a == 1 b == 2", 7, "and"),
        ("0.1 < a < 0.5", 8, "chain"),
        ("a > b", 4, "quotes"),
        ("a ==", 4, "ends"),
        ("(a == 1", 7, "parenthesis"),
        ("a == 1)", 6, "never opened"),
        ('a == "x', 5, "closing"),
        ("a == nan", 5, "is nan"),
        ("a == 1e999", 5, "inf"),
        ("a in 3", 5, "list"),
        ('"x" in name', 4, "tags"),
        ("a ~ 3", 4, "text"),
        ("a is great", 5, "missing"),
        ("a > none", 2, "order"),
        ("a == 2026-02-30", 5, "calendar"),
        ('a ~ "(x+)+"', 4, "repeat"),
        ("1 == 2", 5, "name"),
        ("a", 1, "== true"),
        ('metrics["x"].median > 1', 13, "last"),
        ("a == 10x", 5, "duration"),
    ],
)
def test_errors_say_where_and_what(text: str, position: int, word: str) -> None:
    """An error points at the character where the trouble begins and says what to write instead."""
    with pytest.raises(QueryError) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert word in str(caught.value)


def test_names_may_hold_slashes_dots_and_dashes() -> None:
    """Names that metrics usually have need no quotes."""
    for name in ("val/accuracy", "optimizer.lr", "top-5", "system/gpu.0.util", "größe", "cpu_%"):
        expression = parse_filter(f"{name} > 0.9")
        assert isinstance(expression, Comparison)
        assert expression.name.key == name


def test_quoted_names_are_taken_as_they_are() -> None:
    """Backticks and brackets hold any name, and a figure behind them belongs to the metric."""
    expression = parse_filter("`my ``odd`` name, 100 %`.max >= 1")
    assert isinstance(expression, Comparison)
    assert (expression.name.key, expression.name.figure) == ("my `odd` name, 100 %", "max")
    expression = parse_filter('metrics["a.b \\"c\\""].best > 1')
    assert isinstance(expression, Comparison)
    assert (expression.name.namespace, expression.name.key) == ("metrics", 'a.b "c"')


def test_and_binds_closer_than_or_and_not_closest() -> None:
    """Precedence is Python's."""
    expression = parse_filter("a == 1 or b == 2 and c == 3")
    assert isinstance(expression, AnyOf)
    assert isinstance(expression.parts[1], All)
    expression = parse_filter("(a == 1 or b == 2) and c == 3")
    assert isinstance(expression, All)
    assert isinstance(expression.parts[0], AnyOf)
    expression = parse_filter("not a == 1 and b == 2")
    assert isinstance(expression, All)
    assert isinstance(expression.parts[0], Not)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1_000", 1000.0), ("1e-3", 0.001), (".5", 0.5), ("-inf", -math.inf), ("+3.", 3.0), ("true", 1.0)],
)
def test_numbers(text: str, value: float) -> None:
    """Numbers are written as in Python, true and false are 1 and 0."""
    expression = parse_filter(f"a == {text}")
    assert isinstance(expression, OneOf)
    assert expression.literals == (NumberLiteral(value, 5),)


def test_texts_keep_the_backslashes_of_a_regex() -> None:
    """Known escapes are replaced, all others stay, so that a regex is written once."""
    expression = parse_filter(r"""a == "run\d+\b \"q\" \u00e9\n" """)
    assert isinstance(expression, OneOf)
    assert expression.literals == (TextLiteral('run\\d+\\b "q" é\n', 5),)


def test_a_literal_may_stand_first() -> None:
    """`0.9 < a` is `a > 0.9`."""
    expression = parse_filter("0.9 < a")
    assert isinstance(expression, Comparison)
    assert (expression.name, expression.operator) == (Name("a", 6, "a"), ">")


def test_empty_text_means_every_run() -> None:
    """No filter is no error."""
    assert parse_filter("") is None
    assert parse_filter(" \n\t") is None


def test_moments_are_as_precise_as_written() -> None:
    """A day means the whole day, a zone is respected, what is no moment is none."""
    low, high = moment_of("1970-01-02") or (0, 0)
    assert (low, high) == (86_400 * 10**9, 2 * 86_400 * 10**9)
    assert moment_of("1970-01-01T01:00:00+01:00") == (0, 10**9)
    assert moment_of("1970-01-01 00:00:00.5Z") == (5 * 10**8, 6 * 10**8)
    assert moment_of("2026-02-30") is None
    assert moment_of("yesterday") is None


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", "(.*a){20}", "(a?b?)*c", "a*a*a*a*b", r"(a)\1", "(?=a)b", "(", "[", "a{2}{3}"],
)
def test_patterns_that_can_explode_are_refused(pattern: str) -> None:
    """A pattern that could run for years, or is none, is an error before it runs."""
    with pytest.raises(QueryError):
        safe_pattern(pattern)


@pytest.mark.parametrize("pattern", ["^mlp-", "adam|sgd", r"run-\d+$", ".*foo.*", "(?i)Deep", "[ab]+c", "^$"])
def test_everyday_patterns_are_fine(pattern: str) -> None:
    """What people write is allowed."""
    assert safe_pattern(pattern).visible >= 4_000


def test_orders_take_texts_and_lists() -> None:
    """Commas separate, - is descending, quotes protect commas, a list needs none."""
    keys = parse_order("-val/accuracy, created,`a,b`")
    assert [(key.name.key, key.descending) for key in keys] == [
        ("val/accuracy", True),
        ("created", False),
        ("a,b", False),
    ]
    assert [key.name.key for key in parse_order(["-a", "b"])] == ["a", "b"]
    assert parse_order("") == []
    with pytest.raises(QueryError) as caught:
        parse_order("a,,b")
    assert caught.value.position == 2
    with pytest.raises(QueryError) as caught:
        parse_order("a,b c")
    assert caught.value.position == 4
