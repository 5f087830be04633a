"""``trackrecord restore``: a store from a backup."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trackrecord.cli.numbers import count_of
from trackrecord.cli.session import json_option

_EPILOG = """\b
Examples:
  trackrecord restore /mnt/safe/trackrecord ./again
  trackrecord restore monday.tar .trackrecord
  trackrecord --store ./again check
"""


@click.command("restore", epilog=_EPILOG)
@click.argument("source", type=click.Path(), metavar="SRC")
@click.argument("destination", type=click.Path(), metavar="DEST")
@json_option
def command(*, source: str, destination: str, as_json: bool) -> None:
    """Make a store in the folder DEST from SRC, a backup made by `trackrecord backup`.

    Nothing is overwritten: DEST must not be there yet, or be empty. Every file is compared with the digest that the
    backup was written with; the store appears in its place only when all of them fit.
    """
    from trackrecord.cli.progress import progress_bar
    from trackrecord.store.backups.restore import restore

    with progress_bar(sys.stderr, "Restoring") as tell:
        files = restore(source, destination, on_progress=tell)
    if as_json:
        from trackrecord.cli.answers import print_json

        print_json({"ok": True, "path": str(Path(destination).absolute()), "files": files})
    else:
        click.echo(f"{count_of(files, 'file')} restored to {destination}; every one has its digest.")
