"""What every command has at hand: the store that was asked for, and the terminal it talks to."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, Union

import click

if TYPE_CHECKING:
    from rich.console import Console

    from trackrecord.store.embedded import EmbeddedStore

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: what is not shown on a terminal has no width: lines are as long as they need to be
UNBOUNDED_WIDTH = 100_000
#: Python looks for garbage when so many objects are new
_MANY_OBJECTS = 200_000


@dataclass
class Session:
    """One call of the command line."""

    store_path: str | None = None
    debug: bool = False

    @contextmanager
    def open_store(self) -> Iterator[EmbeddedStore]:
        """Open the store with all that its inbox holds taken in; if that lasts, with a bar. Raises StoreError."""
        from trackrecord.cli.intake import intake_bar
        from trackrecord.store.opening import open_store

        # A table is many objects and none of them garbage: the process ends before looking for any would pay.
        gc.set_threshold(_MANY_OBJECTS, *gc.get_threshold()[1:])
        with intake_bar(sys.stderr) as tell:
            store = open_store(self.store_path, on_problem=self.say_warning, on_progress=tell)
        try:
            yield store
        finally:
            store.close()

    @cached_property
    def console(self) -> Console:
        """Standard output: colours and its own width on a terminal, plain and as wide as needed in a pipe."""
        return make_console(sys.stdout)

    @cached_property
    def lines(self) -> Lines:
        """Standard output for lines and tables: where there are no colours, without the cost of loading Rich."""
        if is_plain(sys.stdout):
            return PlainLines(sys.stdout)
        return self.console

    @property
    def unicode(self) -> bool:
        """Whether standard output can show more than ASCII."""
        return can_show_unicode(self.lines)

    def say_error(self, message: str) -> None:
        """Write an error's text to standard error."""
        _say("Error:", "31", message)

    def say_warning(self, message: str) -> None:
        """Write to standard error what does not keep the command from answering."""
        _say("Note:", "33", message)


def _say(word: str, colour: str, message: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    # a message may hold names that were logged: like everywhere else they may not steer the terminal
    harmless = "".join(each if each == "\n" or each.isprintable() else "?" for each in message)
    text = harmless.encode(encoding, "replace").decode(encoding)
    if _is_coloured(sys.stderr):
        word = f"\x1b[1;{colour}m{word}\x1b[0m"
    try:
        print(f"{word} {text}", file=sys.stderr)
    except OSError:
        pass  # nobody listens


class PlainLines:
    """A stream that is no terminal, as far as tables need to know it: no colours, lines as long as they are."""

    is_terminal = False
    width = UNBOUNDED_WIDTH

    def __init__(self, stream: TextIO) -> None:
        self.file = with_question_marks(stream)
        self.encoding = stream.encoding or "utf-8"


#: where lines and tables go
Lines = Union["Console", PlainLines]


def is_plain(stream: Any) -> bool:
    """Tell whether what goes to a stream has neither colours nor a width: a pipe or a file."""
    coloured = any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))
    return not coloured and stream is not None and not (hasattr(stream, "isatty") and stream.isatty())


def with_question_marks(stream: Any) -> Any:
    """Let a stream show what its encoding can't hold with question marks, never with an error; return it."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return stream


def can_show_unicode(console: Lines) -> bool:
    """Tell whether a console's encoding holds more than ASCII."""
    return console.encoding.lower().replace("-", "").replace("_", "").startswith(("utf8", "utf16"))


def _is_coloured(stream: Any) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (hasattr(stream, "isatty") and stream.isatty())


def make_console(stream: Any) -> Console:
    """Return a Rich console for a stream. NO_COLOR, FORCE_COLOR, TERM and COLUMNS are honoured."""
    from rich.console import Console

    with_question_marks(stream)

    class QuietConsole(Console):
        """Rich's console, for which a closed pipe is no error."""

        def on_broken_pipe(self) -> None:
            discard_output()
            raise SystemExit(0)

    is_terminal = hasattr(stream, "isatty") and stream.isatty()
    width = None if is_terminal or os.environ.get("COLUMNS") else UNBOUNDED_WIDTH
    return QuietConsole(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def discard_output() -> None:
    """Let everything still to be written to standard output go nowhere: its reader has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def session_of(ctx: click.Context) -> Session:
    """Return the session of a command, with a ``--store`` that was given behind the command's name."""
    session = ctx.find_object(Session)
    assert session is not None, "commands are called through cli.main"
    return session


def store_option(command: _Command) -> _Command:
    """Let ``--store`` stand behind the command's name, too."""

    def remember(ctx: click.Context, _: click.Parameter, path: str | None) -> None:
        if path is not None:
            session_of(ctx).store_path = path

    option = click.option(
        "--store",
        type=click.Path(),
        metavar="PATH",
        expose_value=False,
        callback=remember,
        help="Folder of the store.",
    )
    decorated: _Command = option(command)
    return decorated


def json_option(command: _Command) -> _Command:
    """Add ``--json``: the shapes of docs/api.md on standard output."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON in the shapes of the HTTP API.")
    decorated: _Command = option(command)
    return decorated
