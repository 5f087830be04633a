"""``trackrecord check``: is everything in the store what it should be, and can what is not be put right."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from trackrecord.cli.session import json_option, session_of, store_option

if TYPE_CHECKING:
    from trackrecord.store.checking.finding import CheckReport, Finding

_EPILOG = """\b
Examples:
  trackrecord check                    what is in the store against its checksums, figures and digests
  trackrecord check --deep             also every bucket of every curve
  trackrecord check --fix              make again what is derived, move damage to quarantine/
  trackrecord check --json | jq .ok
"""
#: so many findings of one kind are listed; the rest is counted (--json lists all)
_MOST = 20


@click.command("check", epilog=_EPILOG)
@click.option("--fix", is_flag=True, help="Repair: nothing true is changed, damage is moved to quarantine/.")
@click.option(
    "--deep", is_flag=True, help="Also compare every bucket of the levels with what it was made of."
)
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, fix: bool, deep: bool, as_json: bool) -> int:
    """Check everything in the store: records, checksums, figures, digests, references.

    The store may be in use. Exits with 0 when nothing is wrong (any more), with 1 when something is.
    """
    from trackrecord.cli.progress import progress_bar
    from trackrecord.journal.place import find_store
    from trackrecord.store.checking.check import check_store

    path = find_store(session_of(ctx).store_path)
    with progress_bar(sys.stderr, "Checking") as tell:
        report = check_store(path, fix=fix, deep=deep, on_progress=tell)
    if as_json:
        from trackrecord.cli.answers import print_json

        print_json({"ok": report.ok, "store": str(path), **dataclasses.asdict(report)})
    else:
        _print(report, fix=fix)
    return 0 if report.ok else 1


def _print(report: CheckReport, *, fix: bool) -> None:
    by_kind: dict[str, list[Finding]] = {}
    for found in report.findings:
        by_kind.setdefault(found.kind, []).append(found)
    for findings in by_kind.values():
        for found in findings[:_MOST]:
            click.echo(_line(found))
        if len(findings) > _MOST:
            click.echo(f"          ... and {len(findings) - _MOST:,} more of this kind")
    looked_at = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in report.checked.items() if count
    )
    click.echo(f"Checked {looked_at or 'an empty store'}.")
    if report.quarantine is not None:
        click.echo(f"What was damaged is in {report.quarantine}, with a report.")
    fixed = sum(1 for found in report.findings if found.fixed)
    if report.ok:
        click.echo(f"{fixed:,} repaired, nothing is wrong now." if fixed else "Nothing is wrong.")
        return
    left = report.open_problems
    click.echo(
        f"{fixed:,} repaired. " * bool(fixed) + f"{left:,} {'thing is' if left == 1 else 'things are'} wrong."
    )
    if not fix:
        click.echo("Repair with: trackrecord check --fix")
    else:
        click.echo("What is left can't be made again from what is here; a backup may have it.")


def _line(found: Finding) -> str:
    mark = "repaired" if found.fixed else found.severity
    text = f"{mark:<9} {found.place}: {found.message}"
    text = text if found.fixed is None else f"{text} ({found.fixed})"
    # names and values that were logged may not steer the terminal
    return "".join(each if each.isprintable() else "?" for each in text)
