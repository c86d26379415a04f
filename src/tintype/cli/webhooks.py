"""``tintype webhooks``: the keys that sign webhooks. What became of webhooks is asked of the server, over HTTP."""

import typer

from tintype.cli.serve import Home, given
from tintype.config import Settings
from tintype.webhook_keys import WebhookKeys

webhooks = typer.Typer(name="webhooks", help="The keys that sign webhooks.", no_args_is_help=True)


@webhooks.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Keep ``rotate`` a word of its own while it is the only one."""


@webhooks.command()
def rotate(home: Home = None) -> None:
    """Sign with the next key from now on. Receivers know it already: it was published beside the present one."""
    WebhookKeys(Settings.load(**given({"home": home})).home).rotate()
    typer.echo("The next key signs now, and a new next one is published. A running server knows it at once.")
    typer.echo("Receivers may remember the published keys for a day: wait that long before you rotate again.", err=True)
