"""The words of a filter text: names, literals, operators, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from trackrecord.words.errors import QueryError

#: A longer filter is no filter that a person wrote.
LONGEST_TEXT = 20_000


class TokenKind(Enum):
    """What a token is."""

    NAME = "name"
    QUOTED_NAME = "name in backticks"
    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    TIME = "time"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter; ``value`` is the number, the text without quotes, or the word itself."""

    kind: TokenKind
    value: str
    position: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Tell whether this is one of these keywords, in any case."""
        return self.kind is TokenKind.NAME and self.value.lower() in words

    def is_operator(self, *operators: str) -> bool:
        """Tell whether this is one of these operators."""
        return self.kind is TokenKind.OPERATOR and self.value in operators


_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<time>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)(?![\w.])
  | (?P<duration>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ms|min|[smhdw]))(?!\w)
  | (?P<number>
      [+-]?(?:(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?|(?i:inf|nan))
      (?![\w./:@%-])
    )
  | (?P<name>[^\W\d][\w/:@%-]*(?:\.[\w/:@%-]+)*)
  | (?P<quoted>`(?:[^`]|``)*`)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<operator>==|!=|<=|>=|!~|[<>~()\[\],.])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)

#: What people write out of habit, and what it is called here.
_HABITS = {
    "===": "==",
    "=~": "~",
    "<>": "!=",
    "&&": "and",
    "||": "or",
    "=": "==",
    "&": "and",
    "|": "or",
    "!": "not",
    "^": "startswith",
}


def tokenize(text: str) -> list[Token]:
    """Split a filter text into tokens, with one of kind END behind the last. Raises QueryError.

    >>> [token.value for token in tokenize("val/accuracy > 0.9")]
    ['val/accuracy', '>', '0.9', '']
    """
    if len(text) > LONGEST_TEXT:
        raise QueryError(
            f"The filter has {len(text)} characters; {LONGEST_TEXT} is the most.",
            position=LONGEST_TEXT,
            hint="Tag the runs you mean and filter by the tag.",
        )
    _refuse_unwritable(text)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = None if text.startswith("<>", position) else _PATTERN.match(text, position)
        if match is None:
            raise _nothing_fits(text, position)
        token = _token(match)
        if token is not None:
            tokens.append(token)
        position = match.end()
    return [*tokens, Token(TokenKind.END, "", len(text), len(text))]


def _token(match: re.Match[str]) -> Token | None:
    kind, word = match.lastgroup, match.group()
    start, end = match.span()
    if kind == "space":
        return None
    if kind == "quoted":
        return Token(TokenKind.QUOTED_NAME, word[1:-1].replace("``", "`"), start, end)
    if kind == "text":
        return Token(TokenKind.TEXT, _ESCAPE.sub(_unescape, word[1:-1]), start, end)
    return Token(TokenKind[str(kind).upper()], word, start, end)


def _unescape(match: re.Match[str]) -> str:
    code, character = match.groups()
    if code is not None:
        # Half of a surrogate pair is no character that a store could hold.
        number = int(code, 16)
        return "\ufffd" if 0xD800 <= number <= 0xDFFF or number == 0 else chr(number)
    # An unknown escape stays as it is, so that a regex needs no doubled backslashes: "run\d+".
    return _ESCAPES.get(character, "\\" + character)


def _refuse_unwritable(text: str) -> None:
    for position, character in enumerate(text):
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            raise QueryError(
                f"The filter has a character that no text of a store can hold: {character!r}.",
                position=position,
            )


def _nothing_fits(text: str, position: int) -> QueryError:
    character = text[position]
    for habit, ours in _HABITS.items():
        if text.startswith(habit, position):
            return QueryError(
                f"`{habit}` is not part of the filter language.",
                text=text,
                position=position,
                suggestions=(ours,),
            )
    if character in "\"'`":
        what = "name" if character == "`" else "text"
        return QueryError(
            f"The {what} that begins here has no closing {character}.",
            text=text,
            position=position,
        )
    if character.isdigit() or character in "+-":
        word = re.compile(r"[+-]?[\w./:@%-]*").match(text, position)
        return QueryError(
            f"{(word.group() if word else character)[:60]!r} is neither a number, a time nor a duration.",
            text=text,
            position=position,
            hint="A name that begins with a digit needs backticks; durations are 10s, 5m, 2h, 7d, 2w.",
        )
    return QueryError(
        f"{character!r} has no meaning here.",
        text=text,
        position=position,
        hint="Put odd names into backticks and texts into quotes.",
    )
