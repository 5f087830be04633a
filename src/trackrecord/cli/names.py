"""``trackrecord names``: which params, metrics and summary values the runs have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from trackrecord.cli.grid import GridColumn, print_grid, print_line
from trackrecord.cli.numbers import count_of, one_line
from trackrecord.cli.session import json_option, session_of, store_option

if TYPE_CHECKING:
    from rich.console import Console

    from trackrecord.query.name_tree import NamePage

_EPILOG = """\b
Examples:
  trackrecord names                          every metric, with how many runs have it
  trackrecord names '^val/.*loss'            those that a regular expression is found in
  trackrecord names --tree                   the first level of the tree of metrics
  trackrecord names --tree --prefix layer/3  the level below
  trackrecord names --of params --project digits
"""


@click.command("names", epilog=_EPILOG)
@click.argument("pattern", metavar="[REGEX]", default="")
@click.option(
    "--of",
    "namespace",
    type=click.Choice(["metrics", "params", "summary"]),
    default="metrics",
    show_default=True,
    help="Names of what.",
)
@click.option("--project", "-p", metavar="NAME", help="Only names of this project.")
@click.option(
    "--tree", is_flag=True, help="One level of the tree; parts end at / in metrics, at . in params."
)
@click.option(
    "--prefix", metavar="TEXT", default="", help="Only names that begin so; in a tree: below this path."
)
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=1000, show_default=True, help="At most so many."
)
@click.option("--all", "-a", "everything", is_flag=True, help="No limit.")
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    pattern: str,
    namespace: str,
    project: str | None,
    tree: bool,
    prefix: str,
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    """List the names of metrics, params or summary values, and how many runs have each.

    Runs that are archived or in the trash do not count.
    """
    from trackrecord.query.name_tree import SEPARATORS, list_names

    session = session_of(ctx)
    with session.open_store() as store:
        page = list_names(
            store,
            namespace,
            project=project,
            pattern=pattern,
            prefix=prefix,
            tree=tree,
            limit=None if everything else limit,
        )
    if as_json:
        from trackrecord import shapes
        from trackrecord.cli.answers import print_json

        items = [shapes.NameNode(each.path, each.label, each.runs, each.below) for each in page.names]
        print_json(shapes.NamePage(items, page.total, page.revision, None))
    elif page.names:
        _print_names(session.console, page, SEPARATORS[namespace], tree=tree)
    else:
        print_line(
            session.console,
            "There is no such name." if pattern or prefix else f"No run has {namespace} yet.",
        )


def _print_names(console: Console, page: NamePage, separator: str, *, tree: bool) -> None:
    shown = [one_line(each.path) + (separator if each.runs is None else "") for each in page.names]
    runs = [Text("" if each.runs is None else f"{each.runs:,}") for each in page.names]
    columns = [
        GridColumn("name", [Text(text, "bold") for text in shown], weight=100, may_shrink=True),
        GridColumn("runs", runs, right=True, weight=90),
    ]
    if tree:
        below = [Text(f"{each.below:,}" if each.below else "", "dim") for each in page.names]
        columns.append(GridColumn("names below", below, right=True, weight=80))
    print_grid(console, columns)
    counted = count_of(page.total, "name")
    footer = (
        f"{len(page.names):,} of {counted} (--all shows all)" if len(page.names) < page.total else counted
    )
    print_line(console)
    print_line(console, footer, style="dim")
