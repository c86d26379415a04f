"""``tintype pull``: fetch the real checkpoint."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from tintype.cli.serve import Home, given
from tintype.config import Settings
from tintype.errors import SetupError
from tintype.models import Z_IMAGE_TURBO
from tintype.published import SAFETY_CHECKER, SAFETY_FOLDER


def pull(
    model: Annotated[str, typer.Argument(help=f"Only {Z_IMAGE_TURBO} can be fetched.")] = Z_IMAGE_TURBO,
    home: Home = None,
) -> None:
    """Fetch a model and its safety checker: 33 GB to download, 21 on disk. It can be stopped; run again, it mends."""
    if model != Z_IMAGE_TURBO:
        raise SetupError(f"pull {model}: only {Z_IMAGE_TURBO} can be fetched; the postcard model is built in")
    settings = Settings.load(**given({"home": home}))
    folder = settings.home / "models" / model
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    from tintype import pull as hub

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task("looking", total=None)
        shown = ""

        def show(progress: hub.Progress) -> None:
            nonlocal shown
            text = f"{progress.index}/{progress.count} {progress.phase} {progress.file}"
            if text != shown:
                shown = text
                bars.reset(task, total=progress.total, completed=progress.done, description=text)
            bars.update(task, completed=progress.done)

        # The checker first: once the model is complete it is served, and requests ask for the check.
        fetched = hub.pull(folder / SAFETY_FOLDER, SAFETY_CHECKER, report=show)
        fetched |= hub.pull(folder, report=show)
        bars.remove_task(task)
    console.print(f"{model} is {'now' if fetched else 'already'} in {folder}")
