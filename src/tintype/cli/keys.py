"""``tintype keys``: API keys, needed as soon as the server listens beyond this machine."""

import time

import typer
from rich.console import Console
from rich.table import Table

from tintype.cli.serve import Home, given
from tintype.config import Settings
from tintype.errors import SetupError
from tintype.keys import Keys

keys = typer.Typer(name="keys", help="Create, list and revoke API keys.", no_args_is_help=True)


def _open(home: Home) -> Keys:
    return Keys(Settings.load(**given({"home": home})).home)


@keys.command()
def create(
    name: str = typer.Argument("default", help="What the key is for."),
    admin: bool = typer.Option(False, "--admin", help="It may also see and manage everything over the Platform API."),
    home: Home = None,
) -> None:
    """Make a key and print it; it is shown this once."""
    typer.echo(_open(home).create(name, "ADMIN" if admin else "API"))
    typer.echo("Use it as FAL_KEY. A running server knows it at once.", err=True)


@keys.command(name="list")
def show(home: Home = None) -> None:
    """List the keys, without their secrets."""
    table = Table("id", "name", "scope", "created")
    for key in _open(home).list():
        table.add_row(key.id, key.name, key.scope, time.strftime("%Y-%m-%d %H:%M", time.localtime(key.created_at)))
    Console().print(table)


@keys.command()
def revoke(key_id: str = typer.Argument(help="The id that `tintype keys list` shows."), home: Home = None) -> None:
    """Make a key worthless."""
    if not _open(home).revoke(key_id):
        raise SetupError(f"no key {key_id}; see them all: tintype keys list")
    typer.echo(f"revoked {key_id}")
