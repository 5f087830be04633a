"""``trackrecord ui``: the web page."""

from __future__ import annotations

import click

from trackrecord.cli.session import session_of, store_option

_EPILOG = """\b
Examples:
  trackrecord ui
  trackrecord ui --port 0 --no-browser            any free port
  trackrecord ui --host 0.0.0.0 --allow-remote --token "$(openssl rand -hex 16)"
"""


@click.command("ui", epilog=_EPILOG)
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="0: any free one. Default: 6061, or the next free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--token", metavar="TEXT", envvar="TRACKRECORD_TOKEN", help="What a reader has to know (shared machines)."
)
@click.option("--allow-remote", is_flag=True, help="Let other machines in; needs --token and --host.")
@click.option(
    "--allow-host", "allow_hosts", multiple=True, metavar="NAME", help="A further name it is reached by."
)
@click.option("--prefix", default="", metavar="PATH", help="Path under which a proxy shows it.")
@click.option("--trust-proxy", is_flag=True, help="Believe the proxy's X-Forwarded headers.")
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    port: int | None,
    host: str,
    no_browser: bool,
    token: str | None,
    allow_remote: bool,
    allow_hosts: tuple[str, ...],
    prefix: str,
    trust_proxy: bool,
) -> None:
    """Serve the web page and print its address. Ctrl-C ends it.

    A browser is opened when the command runs in a terminal on a machine with a display.
    """
    from trackrecord.cli.page_server import announce
    from trackrecord.server.serve import serve

    session = session_of(ctx)
    serve(
        session.store_path,
        host=host,
        port=port,
        token=token,
        allow_remote=allow_remote,
        allow_hosts=allow_hosts,
        prefix=prefix,
        trust_proxy=trust_proxy,
        on_ready=lambda address: announce(session, address, open_browser=not no_browser),
    )
