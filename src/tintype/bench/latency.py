"""One picture after another by Tintype's engine: how long each part takes, and how near that is to the device's limit.

The engine is a child process, as it is under the server, and has the same variables as there.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from tintype.bench import flops, prompts
from tintype.bench.engines import Running, running
from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine.checkpoint import Checkpoint
from tintype.model.tokenizer import Tokenizer

PARTS = ("text", "step", "decode", "encode", "whole")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    engine: Engine
    sizes: tuple[tuple[int, int], ...]
    """Width and height in pixels."""
    steps: int
    rounds: int
    tokens: int
    """Of each prompt, the chat template included."""


def measure(plan: Plan, report: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """Paint every size in turn, ``rounds`` times and once before that does not count; a result for each size.

    Raises:
        SetupError: the model cannot be loaded, or a picture cannot be painted.
    """
    checkpoint = Checkpoint.open(plan.engine.model)
    tokenizer = checkpoint.tokenizer()
    with running(plan.engine) as engine:
        report(f"loaded in {engine.loaded.seconds:.1f} s onto {engine.loaded.device}, {engine.loaded.dtype}")
        ceilings = [engine.product_speed()]
        painted: dict[tuple[int, int], list[Painted]] = {size: [] for size in plan.sizes}
        for number in range(plan.rounds + 1):
            for size in plan.sizes:
                report(f"{size[0]}x{size[1]}, " + (f"round {number} of {plan.rounds}" if number else "warming up"))
                picture = engine.paint(wish(tokenizer, size, plan.steps, plan.tokens, number))
                if number:
                    painted[size].append(picture)
            ceilings.append(engine.product_speed())
        return [_result(plan, checkpoint, engine, size, painted[size], max(ceilings)) for size in plan.sizes]


def wish(tokenizer: Tokenizer, size: tuple[int, int], steps: int, tokens: int, number: int) -> Wish:
    """The ``number``-th wish of a measurement: its own prompt, its own seed."""
    texts = [prompts.prompt_of(tokenizer, tokens, 2 * number + other) for other in (0, 1)]
    return Wish(texts[0], texts[1], *size, steps=steps, seed=number)


def parts(painted: Painted, steps: int) -> dict[str, float]:
    """Seconds of each part that an engine tells of: a step is the median of its picture's."""
    rest = painted.seconds - (painted.text or 0) - (painted.decode or 0)
    told = {
        "text": painted.text,
        "step": statistics.median(painted.steps) if painted.steps else rest / steps,
        "decode": painted.decode,
        "encode": painted.encode,
        "whole": painted.seconds,
    }
    return {name: value for name, value in told.items() if value is not None}


def _result(
    plan: Plan,
    checkpoint: Checkpoint,
    engine: Running,
    size: tuple[int, int],
    pictures: list[Painted],
    ceiling: float,
) -> dict[str, Any]:
    rounds = [parts(picture, plan.steps) for picture in pictures]
    operations = flops.count(checkpoint, plan.tokens, *size).by_part(plan.steps)
    seconds = {part: [each[part] for each in rounds] for part in PARTS}
    middle = {part: statistics.median(times) for part, times in seconds.items()}
    return {
        "engine": engine.engine.name,
        "model": checkpoint.name,
        "device": engine.loaded.device,
        "dtype": engine.loaded.dtype,
        "size": f"{size[0]}x{size[1]}",
        "steps": plan.steps,
        "tokens": plan.tokens,
        "seconds": seconds,
        "median": middle,
        "flops": operations,
        "ceiling_flops_per_second": ceiling,
        "fraction_of_ceiling": {part: count / middle[part] / ceiling for part, count in operations.items()},
        "load_seconds": engine.loaded.seconds,
        "peak_bytes": engine.peak_memory(),
        "forecast_bytes": pictures[0].forecast,
    }


def table(result: dict[str, Any]) -> Table:
    """One size for people to read."""
    title = (
        f"{result['engine']}, {result['model']}, {result['size']}, {result['steps']} steps, {result['tokens']} tokens, "
        f"{result['dtype']} on {result['device']}: ceiling {result['ceiling_flops_per_second'] / 1e9:.0f} GFLOP/s, "
        f"peak {result['peak_bytes'] / 1e9:.2f} GB, forecast {result['forecast_bytes'] / 1e9:.2f}"
    )
    shown = Table("part", "median, s", "min", "max", "GFLOP", "of the ceiling", title=title, title_justify="left")
    for part in PARTS:
        times, count = result["seconds"][part], result["flops"].get(part)
        work = (f"{count / 1e9:.1f}", f"{result['fraction_of_ceiling'][part]:.0%}") if count else ("", "")
        figures = (statistics.median(times), min(times), max(times))
        shown.add_row(part, *(f"{figure:.4f}" for figure in figures), *work)
    return shown
