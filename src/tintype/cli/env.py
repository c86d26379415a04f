"""``tintype env``: the lines that point fal's clients here."""

import shlex
from typing import Annotated

import typer

from tintype import certificates
from tintype.cli.serve import Home, given
from tintype.config import Settings
from tintype.keys import Keys


def env(
    home: Home = None,
    tls_port: Annotated[int | None, typer.Option(help="The server's https port.")] = None,
) -> None:
    """Print exports for fal's clients; use as: eval "$(tintype env)"."""
    settings = Settings.load(**given({"home": home, "tls_port": tls_port}))
    made = certificates.ensure(settings.home / "tls")
    address = f"localhost:{settings.tls_port}"
    lines = {
        "FAL_RUN_HOST": f"{address}/run",
        "FAL_QUEUE_RUN_HOST": f"{address}/queue",
        "SSL_CERT_FILE": str(made.bundle),
        "NODE_EXTRA_CA_CERTS": str(made.authority),
    }
    typer.echo("# fal-client for Python (0.11 or newer) now talks to this machine.")
    for name, value in lines.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if Keys(settings.home).list():
        typer.echo("# This server has keys; give one of them: export FAL_KEY=ID:SECRET (tintype keys create NAME)")
    else:
        typer.echo('export FAL_KEY="${FAL_KEY:-local:local}"  # fal-client wants some key; this server takes any')
