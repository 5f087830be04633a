"""From a filter text to its parts. Raises nothing but QueryError, whatever the text."""

from __future__ import annotations

import math
from collections.abc import Callable

from trackrecord.query.moments import moment_of, seconds_of
from trackrecord.query.patterns import safe_pattern
from trackrecord.query.syntax import (
    FIGURES,
    NAMESPACES,
    All,
    AnyOf,
    Comparison,
    DurationLiteral,
    Expression,
    Literal,
    Name,
    NoneLiteral,
    Not,
    NumberLiteral,
    OneOf,
    StateTest,
    TextLiteral,
    TextTest,
    TimeLiteral,
)
from trackrecord.query.tokens import Token, TokenKind, tokenize
from trackrecord.words.errors import QueryError

# What a person nests and lists stays far below; what a program generates must not exhaust stack or database.
_DEEPEST = 50
_MOST_TESTS = 300
_MOST_LITERALS = 1000

_KEYWORDS = ("and", "or", "not", "in", "is", "contains", "startswith", "endswith", "missing")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_TEXT_OPERATORS = ("contains", "startswith", "endswith")


def parse_filter(text: str) -> Expression | None:
    """Return the parts of a filter; None for an empty text, which every run fits.

    >>> parse_filter("params.lr == 0.1").name.key
    'lr'
    """
    return _Parser(text).whole_filter()


def parse_name(text: str) -> Name:
    """Return one name that is the whole of a text, such as a sort key."""
    return _Parser(text).whole_name()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._next = 0
        self._depth = 0
        self._tests = 0
        self._literals = 0

    # -- what a text as a whole can be

    def whole_filter(self) -> Expression | None:
        if self._peek().kind is TokenKind.END:
            return None
        expression = self._either()
        self._expect_end()
        return expression

    def whole_name(self) -> Name:
        name = self._name()
        if self._peek().kind is not TokenKind.END:
            raise self._error(
                f"{self._peek().value!r} is too much after the name {name.written!r}", self._peek()
            )
        return name

    # -- and, or, not, parentheses

    def _either(self) -> Expression:
        return self._joined("or", self._both, AnyOf)

    def _both(self) -> Expression:
        return self._joined("and", self._opposite, All)

    def _joined(
        self,
        word: str,
        part: Callable[[], Expression],
        join: Callable[[tuple[Expression, ...]], Expression],
    ) -> Expression:
        parts = [part()]
        while self._peek().is_word(word):
            self._take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _opposite(self) -> Expression:
        negated = False
        while self._peek().is_word("not"):
            self._take()
            negated = not negated
        part = self._test()
        return Not(part) if negated else part

    def _test(self) -> Expression:
        if not self._peek().is_operator("("):
            return self._comparison()
        opening = self._take()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"Parentheses are nested deeper than {_DEEPEST}", opening)
        expression = self._either()
        closing = self._peek()
        if not closing.is_operator(")"):
            raise self._expected("`and`, `or` or a closing parenthesis", closing)
        self._take()
        self._depth -= 1
        after = self._peek()
        if after.is_operator(*_COMPARISONS, "~", "!~"):
            raise self._error("What stands in parentheses is true or false and can't be compared", after)
        return expression

    # -- one test

    def _comparison(self) -> Expression:
        self._tests += 1
        first = self._peek()
        if self._tests > _MOST_TESTS:
            raise self._error(
                f"The filter has more than {_MOST_TESTS} tests",
                first,
                hint="Use `in [...]`, or tag the runs.",
            )
        if self._begins_literal(first):
            test = self._literal_first()
        else:
            test = self._name_first(self._name())
        after = self._peek()
        if after.is_operator(*_COMPARISONS):
            raise self._error(
                "A comparison has two sides; a chain can't be read",
                after,
                hint="Write both parts: `0.1 < x and x < 0.5`.",
            )
        return test

    def _literal_first(self) -> Expression:
        literal = self._literal()
        operator = self._peek()
        if operator.is_operator(*_COMPARISONS):
            self._take()
            if self._begins_literal(self._peek()):
                raise self._error("One side of a comparison has to be a name", self._peek())
            return self._compare(self._name(), _FLIPPED[operator.value], literal, operator)
        negated = self._take_not_before("in")
        operator = self._peek()
        if operator.is_word("in"):
            self._take()
            name = self._name()
            if name.namespace is not None or name.key != "tags":
                raise self._error(
                    f"Only tags can be looked into with `in`, not {name.written!r}",
                    operator,
                    hint=f'For a piece of text write {name.written} contains "...".',
                )
            if not isinstance(literal, TextLiteral):
                raise self._error_at("A tag is a text in quotes", literal.position)
            return OneOf(name, (literal,), negated, literal.position)
        raise self._expected("a comparison such as `==`, `<` or `in tags`", operator)

    def _name_first(self, name: Name) -> Expression:
        operator = self._peek()
        if operator.is_operator(*_COMPARISONS):
            self._take()
            literal = self._literal(f"a number or a quoted text after {operator.value!r}")
            return self._compare(name, operator.value, literal, operator)
        if operator.is_operator("~", "!~"):
            self._take()
            text = self._text_literal(operator)
            pattern = safe_pattern(text.value, text=self._text, position=text.position)
            return TextTest(name, "~", pattern.text, operator.value == "!~", text.position, pattern.visible)
        if operator.is_word("is"):
            return self._state_test(name)
        negated = self._take_not_before("in", *_TEXT_OPERATORS)
        operator = self._peek()
        if operator.is_word("in"):
            self._take()
            return OneOf(name, self._list(), negated, operator.position)
        if operator.is_word(*_TEXT_OPERATORS):
            self._take()
            piece = self._text_literal(operator)
            return TextTest(name, operator.value.lower(), piece.value, negated, piece.position)
        raise self._expected(
            f"a comparison after {name.written!r}, such as `==`, `>`, `in`, `contains` or `is missing`",
            operator,
            hint=f"For a yes-or-no value write {name.written} == true.",
        )

    def _compare(self, name: Name, operator: str, literal: Literal, at: Token) -> Expression:
        if operator in ("==", "!="):
            return OneOf(name, (literal,), operator == "!=", literal.position)
        if isinstance(literal, NoneLiteral):
            raise self._error(f"`none` has no order, so {operator!r} can't be used with it", at)
        return Comparison(name, operator, literal)

    def _state_test(self, name: Name) -> Expression:
        self._take()
        negated = False
        if self._peek().is_word("not"):
            self._take()
            negated = True
        word = self._peek()
        lowered = word.value.lower()
        if word.kind in (TokenKind.NAME, TokenKind.NUMBER) and lowered in ("missing", "nan", "none", "null"):
            self._take()
            if lowered in ("none", "null"):
                return OneOf(name, (NoneLiteral(word.position),), negated, word.position)
            return StateTest(name, lowered, negated)
        raise self._expected("`missing`, `nan` or `none` after `is`", word, hint="For a value write `==`.")

    def _take_not_before(self, *words: str) -> bool:
        if self._peek().is_word("not") and self._peek(1).is_word(*words):
            self._take()
            return True
        return False

    # -- names

    def _name(self) -> Name:
        token = self._peek()
        if token.kind is TokenKind.QUOTED_NAME:
            self._take()
            return self._with_figure(token, self._key(token), None)
        if token.kind is not TokenKind.NAME or token.is_word(*_KEYWORDS):
            raise self._expected("a name", token)
        self._take()
        after = self._peek()
        if token.value in NAMESPACES and after.is_operator("[") and after.position == token.end:
            self._take()
            key = self._peek()
            if key.kind is not TokenKind.TEXT:
                raise self._expected(f'a name in quotes, as in {token.value}["val/accuracy"]', key)
            self._take()
            if not self._peek().is_operator("]"):
                raise self._expected("a closing bracket", self._peek())
            self._take()
            return self._with_figure(token, self._key(key), token.value)
        if (
            token.value in NAMESPACES
            and after.is_operator(".")
            and self._peek(1).kind is TokenKind.QUOTED_NAME
        ):
            self._take()
            return self._with_figure(token, self._key(self._take()), token.value)
        namespace, dot, key_text = token.value.partition(".")
        if dot and namespace in NAMESPACES:
            return Name(token.value, token.position, key_text, namespace)
        return Name(token.value, token.position, token.value)

    def _key(self, token: Token) -> str:
        if not token.value:
            raise self._error("A name can't be empty", token)
        return token.value

    def _with_figure(self, first: Token, key: str, namespace: str | None) -> Name:
        """Read ``.max`` behind a quoted name."""
        figure = None
        dot = self._peek()
        if dot.is_operator(".") and namespace in (None, "metrics"):
            self._take()
            word = self._peek()
            if word.value not in FIGURES or word.kind is not TokenKind.NAME:
                raise self._expected("one of " + ", ".join(FIGURES), word)
            self._take()
            figure = word.value
        written = self._text[first.position : self._tokens[self._next - 1].end]
        return Name(written, first.position, key, namespace, figure, exact=True)

    # -- literals

    def _begins_literal(self, token: Token) -> bool:
        kinds = (TokenKind.TEXT, TokenKind.NUMBER, TokenKind.DURATION, TokenKind.TIME)
        return token.kind in kinds or token.is_word("true", "false", "none", "null")

    def _literal(self, wanted: str = "a number or a quoted text") -> Literal:
        token = self._peek()
        if not self._begins_literal(token):
            hint = None
            if token.kind is TokenKind.NAME and not token.is_word(*_KEYWORDS):
                hint = f'A name is compared with a value. A text needs quotes: "{token.value[:60]}".'
            raise self._expected(wanted, token, hint=hint)
        self._take()
        self._literals += 1
        if self._literals > _MOST_LITERALS:
            raise self._error(
                f"The filter has more than {_MOST_LITERALS} values", token, hint="Tag the runs you mean."
            )
        if token.kind is TokenKind.TEXT:
            return TextLiteral(token.value, token.position)
        if token.kind is TokenKind.DURATION:
            return DurationLiteral(seconds_of(token.value), token.value, token.position)
        if token.kind is TokenKind.TIME:
            span = moment_of(token.value)
            if span is None:
                raise self._error(f"{token.value!r} is not a day of the calendar", token)
            return TimeLiteral(*span, token.position)
        if token.kind is TokenKind.NUMBER:
            return self._number(token)
        word = token.value.lower()
        return (
            NoneLiteral(token.position)
            if word in ("none", "null")
            else NumberLiteral(float(word == "true"), token.position)
        )

    def _number(self, token: Token) -> NumberLiteral:
        value = float(token.value)
        if math.isnan(value):
            raise self._error(
                "Nothing is equal to NaN, or less, or greater", token, hint="Write `is nan` or `is not nan`."
            )
        if math.isinf(value) and token.value.lower().strip("+-") != "inf":
            raise self._error(
                f"{token.value[:60]!r} is beyond the greatest number", token, hint="Write `inf`."
            )
        return NumberLiteral(value, token.position)

    def _text_literal(self, operator: Token) -> Token:
        token = self._peek()
        if token.kind is not TokenKind.TEXT:
            raise self._expected(f"a text in quotes after {operator.value!r}", token)
        return self._take()

    def _list(self) -> tuple[Literal, ...]:
        opening = self._peek()
        closing = {"[": "]", "(": ")"}.get(opening.value) if opening.kind is TokenKind.OPERATOR else None
        if closing is None:
            raise self._expected('a list after `in`, as in ["adam", "sgd"]', opening)
        self._take()
        literals: list[Literal] = []
        while not self._peek().is_operator(closing):
            literals.append(self._literal(f"a value or a closing {closing!r}"))
            if self._peek().is_operator(","):
                self._take()
            elif not self._peek().is_operator(closing):
                raise self._expected(f"a comma or a closing {closing!r}", self._peek())
        self._take()
        return tuple(literals)

    # -- tokens and errors

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _expect_end(self) -> None:
        token = self._peek()
        if token.is_operator(")"):
            raise self._error("This parenthesis was never opened", token)
        if token.kind is not TokenKind.END:
            raise self._expected("`and` or `or`", token)

    def _expected(self, wanted: str, found: Token, *, hint: str | None = None) -> QueryError:
        if found.kind is TokenKind.END:
            what = "the filter ends here" if self._text.strip() else "there is nothing"
        else:
            what = f"here is {self._text[found.position : found.end][:60]!r}"
        return self._error(f"Expected {wanted}, but {what}", found, hint=hint)

    def _error(self, message: str, at: Token, *, hint: str | None = None) -> QueryError:
        return self._error_at(message, at.position, hint=hint)

    def _error_at(self, message: str, position: int, *, hint: str | None = None) -> QueryError:
        return QueryError(f"{message}.", text=self._text, position=position, hint=hint)
