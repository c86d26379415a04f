"""``tintype doctor``: is everything well here?"""

import platform
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tintype import __version__, models
from tintype.cli.serve import Home, Memory, Model, given
from tintype.config import Settings
from tintype.published import SAFETY_FOLDER
from tintype.store.database import parse, shown
from tintype.worker.devices import chosen


def doctor(
    model: Model = None,
    memory: Memory = None,
    home: Home = None,
    update_golden: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Paint a known picture on each device; print the memory plan, and every setting and where it came from."""
    settings = Settings.load(**given({"model": model, "memory": memory, "home": home}))
    console = Console(highlight=False, soft_wrap=True)
    import torch

    from tintype.engine import devices, golden
    from tintype.engine.checkpoint import Checkpoint

    console.print(
        f"tintype {__version__}, Python {platform.python_version()}, torch {torch.__version__}, {platform.platform()}"
    )
    choice = models.choose(settings.model, settings.home)
    checkpoint = Checkpoint.open(choice.folder)
    console.print(f"model   {checkpoint.name} {checkpoint.version}, checksum {checkpoint.checksum}: {choice.reason}")
    workers = chosen(settings.device)
    console.print(f"workers {', '.join(workers)}")
    console.print(f"checker {_checker(settings, choice.folder)}")
    for device in dict.fromkeys(workers):
        console.print(f"memory  {_plan(settings, choice.folder, device)}")
    if update_golden:
        golden.write(models.POSTCARD)
    _print_settings(console, settings)
    verdicts = [golden.check(models.POSTCARD, device) for device in devices.found()]
    for verdict in verdicts:
        mark = "[green]good[/green]" if verdict.good else "[red]BAD[/red] "
        console.print(f"{mark}    {verdict.device}: {verdict.text}")
    if not all(verdict.good for verdict in verdicts):
        sys.exit(1)


def _checker(settings: Settings, model: Path) -> str:
    """Whether pictures of ``model`` are checked. SetupError: its safety checker is damaged."""
    from tintype.engine import safety

    if settings.safety_checker == "off":
        return "off, as set by safety_checker: no picture is checked"
    folder = model / SAFETY_FOLDER
    if not safety.is_here(model):
        return f"missing ({folder}): requests that ask for the check are refused; run 'tintype pull', or turn it off"
    labels = safety.Checker.load(folder, "cpu").network.config.labels
    return f"on: {folder}, a choice of {' and '.join(labels)}"


def _plan(settings: Settings, model: Path, device: str) -> str:
    """What would lie where on ``device``. SetupError: nothing fits."""
    from tintype.engine.pipeline import device_named, plan_for

    checks, pixels = settings.safety_checker == "on", settings.max_pixels
    return str(plan_for(model, device_named(device), memory=settings.memory, max_pixels=pixels, checks=checks))


def _print_settings(console: Console, settings: Settings) -> None:
    """Each setting, its value and where it came from."""
    table = Table("setting", "value", "from")
    for name, (value, source) in settings.sources().items():
        text = shown(parse(value)) if name == "database" else str(value)  # without a password
        table.add_row(name, text, source)
    console.print(table)
