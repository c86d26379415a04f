"""``tintype bench``: what this machine does in a second, in Tintype and in others. One command per measurement."""

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from tintype import models
from tintype.bench.peers import PEERS
from tintype.bench.turns import Engine
from tintype.cli.serve import Home, Memory, Model, given
from tintype.config import Settings, keep_compiled, parts
from tintype.core import Acceleration
from tintype.errors import SetupError

bench = typer.Typer(name="bench", help="Measure this machine, and others' engines on it.", no_args_is_help=True)

Sizes = Annotated[list[str], typer.Option("--size", help="WIDTHxHEIGHT in pixels; may be given more than once.")]
Size = Annotated[str, typer.Option("--size", help="WIDTHxHEIGHT in pixels.")]
Steps = Annotated[int, typer.Option(min=1, max=30)]
Rounds = Annotated[int, typer.Option(min=1, help="Pictures that count, after one that does not.")]
Tokens = Annotated[int, typer.Option(min=16, max=512, help="Of each prompt, the chat template included.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps ...")]
DTYPES = {"auto": "", "fp32": "float32", "bf16": "bfloat16"}
Dtype = Annotated[Literal["auto", "fp32", "bf16"], typer.Option(help="Tintype's; auto: what it takes by itself.")]
Threads = Annotated[int, typer.Option(min=0, help="On a CPU; 0: PyTorch's choice.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write everything measured to this file, too.")]
RandomWeights = Annotated[bool, typer.Option(help="Random weights of the real model's size; nothing is downloaded.")]
Layers = Annotated[int, typer.Option(min=1, max=30, help="With --random-weights: of its 30 layers.")]
Dim = Annotated[int, typer.Option(min=128, max=3840, help="With --random-weights: of its width 3840; for tests.")]
Keep = Annotated[bool, typer.Option(help="With --random-weights: leave them in --home for the next time.")]
Level = Annotated[Acceleration, typer.Option("--acceleration", help="none, regular or high.")]
Levels = Annotated[list[str], typer.Option("--acceleration", help="Tintype's; may be given more than once.")]
AsPeopleRunIt = Annotated[bool, typer.Option(help="Peers without the variables that Tintype sets for its engine.")]
Hold = Annotated[
    bool | None, typer.Option(help="Keep engines loaded between their turns; default: if memory holds two.")
]


@bench.command()
def latency(
    size: Sizes = ["1024x768"],  # noqa: B006  typer copies it
    steps: Steps = 8,
    rounds: Rounds = 5,
    tokens: Tokens = 40,
    acceleration: Level = "none",
    dtype: Dtype = "auto",
    threads: Threads = 0,
    memory: Memory = None,
    model: Model = None,
    random_weights: RandomWeights = False,
    layers: Layers = 30,
    dim: Dim = 3840,
    keep: Keep = False,
    device: Device = None,
    home: Home = None,
    json_file: Json = None,
) -> None:
    """One picture after another in process: each part's time, and how near it is to the machine's limit."""
    console = _console()
    settings = Settings.load(**given({"model": model, "device": device, "memory": memory, "home": home}))
    sizes = tuple(_size(text) for text in size)
    from tintype.bench import latency as measuring

    with _weights(console, settings, random_weights, layers, dim, keep) as folder:
        engine = _ours(settings, folder, dtype, threads, acceleration, sizes)
        plan = measuring.Plan(engine, sizes, steps, rounds, tokens)
        with console.status("loading") as status:
            results = measuring.measure(plan, status.update)
    for result in results:
        Console().print(measuring.table(result))
    _write(json_file, "latency", settings.device, threads, results)


@bench.command()
def throughput(
    url: Annotated[str, typer.Option(help="Of a running server; default: one is started for the purpose.")] = "",
    key: Annotated[str, typer.Option(help="An API key of it.")] = "",
    size: Size = "1024x768",
    steps: Steps = 8,
    requests: Annotated[int, typer.Option(min=1, help="How many are sent in all.")] = 20,
    clients: Annotated[int, typer.Option(min=1, help="A closed loop: each asks again when it is answered.")] = 1,
    rate: Annotated[float | None, typer.Option(min=0.001, help="An open loop: so many a second (Poisson).")] = None,
    acceleration: Level = "none",
    model: Model = None,
    random_weights: RandomWeights = False,
    layers: Layers = 30,
    dim: Dim = 3840,
    keep: Keep = False,
    device: Device = None,
    home: Home = None,
    json_file: Json = None,
) -> None:
    """Many requests over HTTP: pictures a second, how long each waits, what goes wrong."""
    from tintype.bench import throughput as measuring

    console, settings = _console(), Settings.load(**given({"model": model, "device": device, "home": home}))
    with contextlib.ExitStack() as stack:
        if not url:
            folder = stack.enter_context(_weights(console, settings, random_weights, layers, dim, keep))
            url = stack.enter_context(measuring.server(str(folder), settings.device, console.print))
        about = measuring.about(url.rstrip("/"))
        plan = measuring.Plan(url.rstrip("/"), key, _size(size), steps, requests, clients, rate, acceleration)
        with console.status("warming up") as status:
            result = asyncio.run(measuring.measure(plan, status.update))
    Console().print(measuring.table(result))
    _write(json_file, "throughput", settings.device, 0, [result | {"server": about}])


@bench.command()
def against(
    peer: Annotated[list[str] | None, typer.Option(help="Whom to compare with; default: all that are known.")] = None,
    size: Size = "1024x768",
    steps: Steps = 8,
    rounds: Rounds = 5,
    tokens: Tokens = 40,
    acceleration: Levels = ["none"],  # noqa: B006  typer copies it
    dtype: Dtype = "auto",
    threads: Threads = 0,
    as_people_run_it: AsPeopleRunIt = False,
    hold: Hold = None,
    memory: Memory = None,
    model: Model = None,
    random_weights: RandomWeights = False,
    layers: Layers = 30,
    dim: Dim = 3840,
    keep: Keep = False,
    device: Device = None,
    home: Home = None,
    json_file: Json = None,
) -> None:
    """Tintype beside others on the same weights and noise, in turn: times, memory, distance of the pictures."""
    console = _console()
    settings = Settings.load(**given({"model": model, "device": device, "memory": memory, "home": home}))
    levels, sides, peers = _levels(acceleration), _size(size), tuple(PEERS) if peer is None else tuple(peer)
    if unknown := [name for name in peers if name not in PEERS]:
        raise SetupError(f"--peer {unknown[0]}: not known; known are {', '.join(PEERS)}")
    from tintype.bench import against as measuring

    with _weights(console, settings, random_weights, layers, dim, keep) as folder:
        engines = [_ours(settings, folder, dtype, threads, level, (sides,)) for level in levels]
        plan = measuring.Plan(tuple(engines), peers, sides, steps, rounds, tokens, as_people_run_it, hold)
        with console.status("loading") as status:
            compared = measuring.compare(plan, status.update)
    Console().print(compared.times(), "", compared.ratios(), "")
    Console(soft_wrap=True, highlight=False).print(*compared.troubles(), sep="\n", markup=False)
    _write(json_file, "against", settings.device, threads, [compared.result(row) for row in compared.rows])


@bench.command()
def ablation(
    size: Size = "1024x768",
    steps: Steps = 8,
    rounds: Rounds = 5,
    tokens: Tokens = 40,
    threads: Threads = 0,
    dtype: Dtype = "auto",
    model: Model = None,
    random_weights: RandomWeights = False,
    layers: Layers = 30,
    dim: Dim = 3840,
    keep: Keep = False,
    device: Device = None,
    home: Home = None,
    json_file: Json = None,
) -> None:
    """The plain model, then with one pass of the engine more at a time: what each is worth, and what it changes."""
    console, settings = _console(), Settings.load(**given({"model": model, "device": device, "home": home}))
    sides = _size(size)
    from tintype.bench import ablation as measuring

    with _weights(console, settings, random_weights, layers, dim, keep) as folder:
        engine = Engine("tintype", "tintype", folder, _first(settings.device), DTYPES[dtype], threads)
        with console.status("loading") as status:
            results = measuring.measure(measuring.Plan(engine, sides, steps, rounds, tokens), status.update)
    Console().print(measuring.table(results))
    _write(json_file, "ablation", settings.device, threads, results)


def _ours(
    settings: Settings,
    folder: Path,
    dtype: str,
    threads: int,
    level: Acceleration,
    sizes: tuple[tuple[int, int], ...],
) -> Engine:
    """Tintype, as the table shows it."""
    return Engine(
        name=f"tintype {level}",
        kind="tintype",
        model=folder,
        device=_first(settings.device),
        dtype=DTYPES[dtype],
        threads=threads,
        acceleration=level,
        memory=settings.memory,
        max_pixels=max(width * height for width, height in sizes),
    )


def _first(device: str) -> str:
    """Of the devices that the setting names, the one that is measured."""
    return parts(device)[0]


def _console() -> Console:
    """For what is said on the way; results go to stdout."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _levels(words: list[str]) -> list[Acceleration]:
    levels: dict[str, Acceleration] = {"none": "none", "regular": "regular", "high": "high"}
    if unknown := [word for word in words if word not in levels]:
        raise SetupError(f"--acceleration {unknown[0]}: allowed are {', '.join(levels)}")
    return [levels[word] for word in words]


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if match is None:
        raise SetupError(f"--size {text}: not a size; give WIDTHxHEIGHT in pixels, such as 1024x768")
    return int(match[1]), int(match[2])


@contextlib.contextmanager
def _weights(
    console: Console, settings: Settings, random_weights: bool, layers: int, dim: int, keep: bool
) -> Generator[Path]:
    """The folder of the model that is measured; random weights are made for it and deleted afterwards."""
    keep_compiled(settings.home)
    if not random_weights:
        choice = models.choose(settings.model, settings.home)
        console.print(f"{choice.folder.name}: {choice.reason}", style="dim")
        yield choice.folder
        return
    if dim % 128:
        raise SetupError(f"--dim {dim}: not a multiple of 128, the width of one head")
    from tintype.bench.random_weights import Scale, write

    scale = Scale(layers, dim)
    folder = settings.home / "bench" / scale.name
    try:
        with console.status("writing random weights") as status:
            write(folder, scale, lambda name: status.update(f"writing random weights: {name}"))
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _write(file: Path | None, command: str, device: str, threads: int, results: list[dict[str, Any]]) -> None:
    """Everything measured, with the facts of the machine it was measured on."""
    if file is None:
        return
    from tintype.bench.machine import facts

    everything = {"command": command, "machine": facts(_first(device), threads), "results": results}
    file.write_text(json.dumps(everything, indent=2) + "\n")
