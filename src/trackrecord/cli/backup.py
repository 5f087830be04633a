"""``trackrecord backup``: a copy of the store while it is in use."""

from __future__ import annotations

import dataclasses
import sys

import click

from trackrecord.cli.numbers import count_of
from trackrecord.cli.session import json_option, session_of, store_option

_EPILOG = """\b
Examples:
  trackrecord backup /mnt/safe/trackrecord          the first time all of it, then what is new
  trackrecord backup monday.tar                     one file
  trackrecord restore /mnt/safe/trackrecord ./again
"""


@click.command("backup", epilog=_EPILOG)
@click.argument("destination", type=click.Path(), metavar="DEST")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, destination: str, as_json: bool) -> int:
    """Copy the whole store to the folder DEST, or to a file DEST that ends in .tar.

    Runs may record and pages may be served meanwhile: all that was logged before it began is in the copy. A folder
    with an earlier backup of this store is replaced once the new one is whole; artifacts and media in it are not
    copied again.
    Exits with 1 when the store itself lacks something that should be in the backup.
    """
    from trackrecord.cli.progress import progress_bar
    from trackrecord.journal.place import find_store
    from trackrecord.store.backups.backup import back_up
    from trackrecord.store.embedded import EmbeddedStore

    session = session_of(ctx)
    with (
        EmbeddedStore.open(find_store(session.store_path), create=False) as store,
        progress_bar(sys.stderr, "Copying") as tell,
    ):
        report = back_up(store, destination, on_progress=tell)
    if as_json:
        from trackrecord.cli.answers import print_json

        print_json({"ok": report.ok, **dataclasses.asdict(report)})
    else:
        again = f", {count_of(report.reused, 'blob')} kept from before" if report.reused else ""
        click.echo(f"{count_of(report.files, 'file')} ({report.bytes:,} bytes) in {report.path}{again}.")
        for problem in report.problems:
            session.say_warning(problem)
    return 0 if report.ok else 1
