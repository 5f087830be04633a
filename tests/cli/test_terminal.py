"""What holds for every command: help, exit codes, errors, colours, widths, pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trackrecord as tr
from tests.cli.conftest import Call, clean_environment, without_styles

_COMMANDS = ("ls", "show", "compare", "plot", "ui", "export", "demo")
_CHANGING = (
    "rename",
    "tag",
    "untag",
    "note",
    "group",
    "move",
    "archive",
    "unarchive",
    "delete",
    "undelete",
    "trash",
    "purge",
    "history",
    "undo",
    "gc",
)


@pytest.mark.parametrize("command", [*_COMMANDS, *_CHANGING, "export csv"])
def test_help_has_examples(call: Call, command: str) -> None:
    """Every command explains itself with examples."""
    done = call(*command.split(), "--help")

    assert done.returncode == 0
    assert command == "export" or "Examples:" in done.stdout


def test_help_lists_every_command(call: Call) -> None:
    """The first help names every command and says what it does."""
    shown = call("--help").stdout

    assert all(f"\n  {command} " in shown for command in (*_COMMANDS, *_CHANGING))


def test_help_and_ls_load_little() -> None:
    """--help loads nothing heavy, and listing runs loads no server."""
    heavy = "{'numpy', 'uvicorn', 'starlette', 'sqlite3', 'rich', 'asyncio'}"
    program = f"import sys, trackrecord.cli.main; sys.exit(' '.join({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", program], env=clean_environment(), check=True, timeout=60)
    heavy = "{'uvicorn', 'starlette', 'sklearn', 'msgspec'}"
    modules = "trackrecord.cli.ls, trackrecord.cli.run_columns, trackrecord.store.opening"
    program = f"import sys, {modules}; sys.exit(' '.join({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", program], env=clean_environment(), check=True, timeout=60)


def test_unknown_command_suggests(call: Call) -> None:
    """A mistyped command is a wrong command line with a suggestion."""
    done = call("shwo")

    assert done.returncode == 2
    assert "Did you mean 'show'?" in done.stderr


def test_no_store_says_what_to_do(call: Call, tmp_path: Path) -> None:
    """Without a store the error names the place and what to do, and nothing is made there."""
    done = call("ls", "--store", str(tmp_path / "nowhere"))

    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert str(tmp_path / "nowhere") in done.stderr
    assert "hint:" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_store_by_option_and_environment(call: Call, recorded: Path, tmp_path: Path) -> None:
    """--store may stand in front of or behind the command's name; TRACKRECORD_STORE does the same."""
    place = str(recorded / ".trackrecord")

    for done in (
        call("--store", place, "ls", cwd=tmp_path),
        call("ls", "--store", place, cwd=tmp_path),
        call("ls", cwd=tmp_path, TRACKRECORD_STORE=place),
    ):
        assert done.stdout.splitlines()[-1] == "8 runs"


def test_debug_shows_the_traceback(call: Call) -> None:
    """Tracebacks are for those who ask."""
    assert "Traceback" in call("--debug", "show", "nobody").stderr
    assert "Traceback" in call("show", "nobody", TRACKRECORD_DEBUG="1").stderr


def test_colours_only_where_they_belong(call: Call, on_terminal: Any) -> None:
    """A pipe gets none, a terminal does, NO_COLOR keeps them away; the state is told by shape and word anyway."""
    assert "\x1b[" not in call("ls").stdout
    assert "\x1b[32m✓ finished" in on_terminal("ls", width=120)
    plain = on_terminal("ls", width=120, NO_COLOR="1")
    assert "\x1b[3" not in plain
    assert "✓ finished" in plain


def test_narrow_terminal_leaves_columns_out(on_terminal: Any) -> None:
    """Lines fit the terminal, and what had no room is named."""
    shown = without_styles(on_terminal("ls", "--project", "digits", width=60))
    table, _, footer = shown.partition("\n\n")

    assert all(len(line) <= 60 for line in table.splitlines())
    assert "fast-2" in table
    assert "no room for" in footer


def test_narrow_compare_turns_around(on_terminal: Any) -> None:
    """Where runs have no room as columns they become lines."""
    names = [f"{group}-{seed}" for group in ("slow", "fast") for seed in range(3)]
    shown = without_styles(on_terminal("compare", *names, width=70))

    lines = shown.splitlines()
    assert [line.split()[1] for line in lines[1:7]] == names
    assert all(len(line) <= 70 for line in lines[:7])


def test_ascii_terminal(call: Call) -> None:
    """Where the encoding has no more than ASCII, shapes and curves have a form of their own."""
    for arguments in (("ls",), ("plot", "fast-0"), ("compare", "fast-0", "slow-0"), ("show", "fast-0")):
        done = call(*arguments, PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert done.stdout.isascii()
        assert "?" not in done.stdout
    assert "+ finished" in call("ls", PYTHONIOENCODING="ascii").stdout


@pytest.mark.skipif(os.name == "nt", reason="closed pipes are told in another way on Windows")
@pytest.mark.parametrize(
    "arguments", [("ls",), ("ls", "--json"), ("show", "fast-0"), ("export", "csv", "points")]
)
def test_closed_pipe_is_no_error(recorded: Path, arguments: tuple[str, ...]) -> None:
    """A reader that leaves early (`| head`) is no error and leaves no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "trackrecord", *arguments],
            cwd=recorded,
            env=clean_environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="closing a stream before the start is a shell's way elsewhere")
def test_a_closed_output_is_no_error(tmp_path: Path) -> None:
    """A command whose standard output was closed by its caller ends well and says nothing."""
    store = tmp_path / "store"
    with tr.init("p", store=store, console=False, system_metrics=False) as run:
        run.log({"loss": 1.0})
    command = f'"{sys.executable}" -m trackrecord --store "{store}" ls >&-'

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)

    assert "Traceback" not in done.stderr
    assert done.returncode == 0
