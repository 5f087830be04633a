"""``trackrecord``: finds the command, and turns whatever goes wrong into a message and an exit code.

Exit codes: 0 all well, 1 an error, 2 a command line that can't be understood, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from trackrecord.cli.session import Session, discard_output
from trackrecord.words.errors import AmbiguousError, NotFoundError, TrackrecordError

#: each command has a module of its name; only the one that is called gets imported
_COMMANDS = {
    "ls": "List runs, projects or experiments.",
    "names": "List the names of metrics and params.",
    "show": "Show everything about one run.",
    "compare": "Put runs or groups of runs side by side.",
    "plot": "Draw metrics as curves in the terminal.",
    "ui": "Serve the web page.",
    "sql": "Ask the store anything in SQL.",
    "export": "Write runs, points or files for other programs.",
    "stop": "Ask runs to stop by themselves.",
    "rename": "Give a run another name.",
    "tag": "Add tags to runs.",
    "untag": "Take tags off runs.",
    "note": "Write the note of runs.",
    "group": "Put runs into a group, or out of it.",
    "move": "Move runs to another project.",
    "archive": "Put runs away, out of the lists.",
    "unarchive": "Take archived runs back.",
    "delete": "Move runs to the trash.",
    "undelete": "Take runs out of the trash.",
    "trash": "List the trash, or empty it.",
    "purge": "Remove runs for good.",
    "history": "Show who changed what, and when.",
    "undo": "Take back the last change of runs.",
    "gc": "Show what nobody needs, and remove it.",
    "check": "Check everything in the store, and repair it.",
    "backup": "Copy the store while it is in use.",
    "restore": "Make a store from a backup.",
    "demo": "Train real models, record and compare them.",
}

_EPILOG = """\b
Examples:
  trackrecord demo                                    real models, recorded and compared
  trackrecord ls                                      the latest runs
  trackrecord ls 'val/accuracy > 0.9' --sort -val/accuracy
  trackrecord show quiet-river                        one run, by name or a piece of its id
  trackrecord compare --where 'project == "digits"' --group-by group
  trackrecord plot quiet-river amber-fox -m val/loss
  trackrecord ui                                      the same in the browser
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that ``--help`` and ``ls`` start quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the commands in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"trackrecord.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], _COMMANDS, n=1, cutoff=0.5)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"There is no command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that leaves early (``| head``) is no error, other than click has it."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:  # closed by whoever called: nothing is to be said
                sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
            return 0
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from trackrecord.sdk.version import VERSION

        click.echo(f"trackrecord {VERSION}")
        ctx.exit()


@click.group(cls=_LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--store",
    type=click.Path(),
    metavar="PATH",
    help="Folder of the store. Default: $TRACKRECORD_STORE, else the first .trackrecord upwards from here.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks (also TRACKRECORD_DEBUG=1).")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show it."
)
@click.pass_context
def cli(ctx: click.Context, store: str | None, debug: bool) -> None:
    """Record machine learning experiments, keep them, and see what they show."""
    session = ctx.ensure_object(Session)
    session.store_path = store
    session.debug = session.debug or debug


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit. ``arguments`` are those of the process by default."""
    session = Session(debug=os.environ.get("TRACKRECORD_DEBUG", "") not in ("", "0"))
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments), session))


def _run(arguments: list[str], session: Session) -> int:
    if "demo" not in arguments:
        # No command but the demo computes with matrices: numpy's library for that need not start its threads.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        result: Any = cli.main(arguments, prog_name="trackrecord", standalone_mode=False, obj=session)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        session.say_error("Interrupted.")
        return 130
    except TrackrecordError as error:
        if session.debug:
            raise
        session.say_error(_message_of(error))
        return 1
    except OSError as error:
        if session.debug:
            raise
        session.say_error(str(error))
        return 1


def _message_of(error: TrackrecordError) -> str:
    """Return an error's text; for a name that does not exist with those that were probably meant."""
    said = error.hint is not None and error.hint.startswith("Did you mean")
    if (
        isinstance(error, NotFoundError)
        and not isinstance(error, AmbiguousError)
        and error.suggestions
        and not said
    ):
        meant = f"  did you mean {' or '.join(error.suggestions)}?"
        return "\n".join(
            line for line in (error.message, meant, error.hint and f"  hint: {error.hint}") if line
        )
    return str(error)
