"""``tintype generate``: a picture from the command line, without a server."""

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tintype import images, models
from tintype.cli.serve import Home, Model, given
from tintype.config import Settings, keep_compiled, parts
from tintype.core import Acceleration, Format
from tintype.errors import SetupError

FORMATS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def generate(
    prompt: Annotated[str, typer.Argument(help="What to paint.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .png, .jpg or .webp file.")] = Path("picture.png"),
    width: Annotated[int, typer.Option(min=1, max=14142)] = 1024,
    height: Annotated[int, typer.Option(min=1, max=14142)] = 768,
    steps: Annotated[int, typer.Option(min=1, max=30)] = 8,
    seed: Annotated[int | None, typer.Option(help="Default: random, and printed.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=4, help="Pictures; name-1.png, name-2.png ...")] = 1,
    expand: Annotated[bool, typer.Option("--expand", help="Have the model write a fuller prompt first.")] = False,
    acceleration: Annotated[Acceleration, typer.Option(help="none, regular or high.")] = "none",
    model: Model = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps ...")] = None,
    home: Home = None,
) -> None:
    """Paint PROMPT into a file, showing every step."""
    settings = Settings.load(**given({"model": model, "device": device, "home": home}))
    image_format = FORMATS.get(output.suffix.lower())
    if image_format is None:
        raise SetupError(f"-o {output}: the name must end in one of {', '.join(FORMATS)}")
    if not output.absolute().parent.is_dir():
        raise SetupError(f"-o {output}: the folder {output.parent} does not exist")
    choice = models.choose(settings.model, settings.home)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"{choice.folder.name}: {choice.reason}", style="dim")
    keep_compiled(settings.home)

    from tintype.engine.expansion import Expanded, Words
    from tintype.engine.pipeline import Pipeline, Step, device_named, plan_for

    chosen_device = device_named(parts(settings.device)[0])  # of several, the first: a picture has one
    plan = plan_for(choice.folder, chosen_device, memory=settings.memory, max_pixels=width * height, checks=False)
    console.print(f"memory: {plan}", style="dim")
    _check_size((width, height), plan.largest(width, height))
    with console.status("loading"):
        rules = Path(settings.expansion_prompt_file) if settings.expansion_prompt_file else None
        pipeline = Pipeline.load(choice.folder, chosen_device, expansion_prompt=rules, plan=plan)
    if expand and pipeline.expander.trouble is not None:
        raise SetupError(pipeline.expander.trouble)
    if seed is None:
        seed = secrets.randbelow(2**32)
    started = time.perf_counter()
    bar = (TextColumn("painting"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"), TimeElapsedColumn())
    with Progress(*bar, console=console) as progress:
        task = progress.add_task("", total=steps * count)
        for event in pipeline.paint(
            prompt, width, height, steps=steps, seed=seed, images=count, expand=expand, acceleration=acceleration
        ):
            if isinstance(event, Words):
                continue
            if isinstance(event, Expanded):
                progress.console.print(f"expansion: {event.trouble or event.prompt}", markup=False)
                continue
            if isinstance(event, Step):
                progress.advance(task)
                continue
            data = images.encode(event.pixels.tobytes(), width, height, image_format)
            path = output if count == 1 else output.with_stem(f"{output.stem}-{event.image + 1}")
            path.write_bytes(data)
            progress.console.print(f"{path}  {width}x{height}  seed {seed + event.image}")
    console.print(f"{time.perf_counter() - started:.2f} s on {pipeline.device}")


def _check_size(size: tuple[int, int], largest: tuple[int, int]) -> None:
    """Raise SetupError unless ``size`` is the largest of its shape that fits."""
    if size != largest:
        raise SetupError(
            f"--width {size[0]} --height {size[1]}: too large for the memory here; in this shape at most "
            f"{largest[0]}x{largest[1]} fit. Ask for less, or allow more with TINTYPE_MEMORY"
        )
