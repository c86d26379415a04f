"""``tintype env``: the lines that point fal's clients here."""

import shlex
from typing import Annotated

import typer

from tintype import certificates
from tintype.cli.serve import Home, given
from tintype.config import Settings


def env(
    home: Home = None,
    host: Annotated[str, typer.Option(help="The name under which clients reach this machine.")] = "localhost",
    tls_port: Annotated[int | None, typer.Option(help="The server's https port.")] = None,
) -> None:
    """Print exports for fal's clients; use as: eval "$(tintype env)"."""
    settings = Settings.load(**given({"home": home, "tls_port": tls_port}))
    made = certificates.ensure(settings.home / "tls")
    address = f"{host}:{settings.tls_port}"
    lines = {
        "FAL_RUN_HOST": f"{address}/run",
        "FAL_QUEUE_RUN_HOST": f"{address}/queue",
        "SSL_CERT_FILE": str(made.bundle),
        "NODE_EXTRA_CA_CERTS": str(made.authority),
    }
    typer.echo("# fal-client for Python (0.11 or newer) now talks to this machine.")
    for name, value in lines.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    typer.echo('export FAL_KEY="${FAL_KEY:-local:local}"  # fal-client wants some key; this server may accept any')
