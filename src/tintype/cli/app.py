"""The ``tintype`` command and how its commands fail: one plain line, no traceback, for anything the user can mend."""

import sys

import typer
from rich.console import Console

from tintype import __version__
from tintype.cli.bench import bench
from tintype.cli.doctor import doctor
from tintype.cli.env import env
from tintype.cli.generate import generate
from tintype.cli.keys import keys
from tintype.cli.pull import pull
from tintype.cli.serve import serve
from tintype.cli.webhooks import webhooks
from tintype.config import prepare_for_torch
from tintype.errors import SetupError

app = typer.Typer(
    name="tintype",
    help="The image server you run yourself: fal's z-image/turbo API, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve)
app.command()(generate)
app.command()(pull)
app.command()(env)
app.command()(doctor)
app.add_typer(bench)
app.add_typer(keys)
app.add_typer(webhooks)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tintype {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version


def main() -> None:
    """Run the command line."""
    prepare_for_torch()
    try:
        app()
    except SetupError as error:
        Console(stderr=True, soft_wrap=True).print(f"tintype: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)
