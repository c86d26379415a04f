"""What each pass of the engine is worth: the plain model, then with one pass more at a time, in turn in one run.

Every picture is of the same prompt, as of somebody who tries seeds; so a pass that remembers prompts shows its gain.
"""

import contextlib
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.table import Table

from tintype.bench import latency, machine
from tintype.bench.engines import Running, running
from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine import golden
from tintype.engine.accelerate import PASSES, Pass
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.pipeline import device_named

SPARE = 2.5
"""An engine takes at most so many times its files' bytes; by this it is judged whether all fit at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    engine: Engine
    size: tuple[int, int]
    steps: int
    rounds: int
    tokens: int


def measure(plan: Plan, report: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """A result for the plain model and for each pass that this device has, in the order in which they are applied.

    Engines take turns, who is first changing from round to round, if memory holds all; else one comes after the other.

    Raises:
        SetupError: the model cannot be loaded, or a picture cannot be painted.
    """
    device, checkpoint = device_named(plan.engine.device), Checkpoint.open(plan.engine.model)
    wish = latency.wish(checkpoint.tokenizer(), plan.size, plan.steps, plan.tokens, number=1)
    passes = [one for one in PASSES if device.type in one.devices]
    names = [one.name for one in passes]
    engines = [
        replace(plan.engine, name=f"with {names[i - 1]}" if i else "plain", passes=tuple(names[:i]))
        for i in range(len(names) + 1)
    ]
    size = sum(file.stat().st_size for file in plan.engine.model.rglob("*.safetensors"))
    together = SPARE * size * len(engines) < machine.memory(device)
    painted = _in_turn(engines, wish, plan.rounds, report) if together else _apart(engines, wish, plan.rounds, report)
    return [
        _result(plan, None if i == 0 else passes[i - 1], painted[i], painted[max(0, i - 1)], painted[0])
        for i in range(len(engines))
    ]


def _in_turn(engines: list[Engine], wish: Wish, rounds: int, report: Callable[[str], None]) -> list[list[Painted]]:
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(running(engine)) for engine in engines]
        for child in children:
            child.paint(wish)
        painted: list[list[Painted]] = [[] for _ in children]
        for number in range(rounds):
            order = list(enumerate(children))
            for i, child in order if number % 2 else reversed(order):
                report(f"{child.engine.name}, round {number + 1} of {rounds}")
                painted[i].append(child.paint(wish))
        return painted


def _apart(engines: list[Engine], wish: Wish, rounds: int, report: Callable[[str], None]) -> list[list[Painted]]:
    painted: list[list[Painted]] = []
    for engine in engines:
        report(engine.name)
        with running(engine) as child:
            painted.append(_warm(child, wish, rounds))
    return painted


def _warm(child: Running, wish: Wish, rounds: int) -> list[Painted]:
    child.paint(wish)
    return [child.paint(wish) for _ in range(rounds)]


def _result(
    plan: Plan, one: Pass | None, mine: list[Painted], before: list[Painted], plain: list[Painted]
) -> dict[str, Any]:
    return {
        "pass": one.name if one else "plain",
        "what": one.what if one else "the model as it is written",
        "exactness": one.exactness if one else "",
        "size": f"{plan.size[0]}x{plan.size[1]}",
        "steps": plan.steps,
        "tokens": plan.tokens,
        "seconds": [each.seconds for each in mine],
        "by_the_row_above": _ratio(before, mine),
        "by_plain": _ratio(plain, mine),
        "psnr": golden.psnr(*(np.frombuffer(each[0].pixels, np.uint8) for each in (mine, plain))),
    }


def _ratio(slow: list[Painted], fast: list[Painted]) -> float:
    """The median, over the rounds, of how many times faster ``fast`` was."""
    return statistics.median(a.seconds / b.seconds for a, b in zip(slow, fast, strict=True))


def table(results: list[dict[str, Any]]) -> Table:
    """All of it for people to read."""
    first = results[0]
    title = f"{first['size']}, {first['steps']} steps, {first['tokens']} tokens, each pass on top of those above it"
    shown = Table("pass", "what", "", "median, s", "faster", "than plain", "PSNR, dB", title=title)
    for row in results:
        distance = "equal" if row["psnr"] == float("inf") else f"{row['psnr']:.1f}"
        figures = (f"{statistics.median(row['seconds']):.3f}", f"{row['by_the_row_above']:.2f}x")
        shown.add_row(row["pass"], row["what"], row["exactness"], *figures, f"{row['by_plain']:.2f}x", distance)
    return shown
