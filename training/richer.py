"""What expansion does to pictures, in figures: `python training/richer.py`.

Terse captions are painted as they are and expanded, with one seed, by the engine's own pipeline; the probe says what
both pictures show. A richer picture shows more in the sky and behind (`scene.richness`). It can be richer where the
caption leaves room: not in a night sky, which has moon and stars anyway, nor where sky and backdrop are named.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

import probe
from evaluate import Painter
from expansion import ASSETS, COUNT, ROOT, SEED, Asked, terse
from latents import LinearLatents
from scene import PARTS, Scene, richness
from tintype.engine.expansion import Expanded
from tintype.engine.pipeline import Pipeline


@dataclass(frozen=True)
class Pair:
    """One caption and its expansion, and what the probe sees in a picture of each."""

    asked: Asked
    fuller: str
    plain: Scene
    rich: Scene

    @property
    def gain(self) -> int:
        return richness(self.rich) - richness(self.plain)


def paint(painter: Painter, network: probe.Probe, asked: Asked, seed: int) -> Pair:
    *_, last = painter.pipeline.expander.expand(asked.text, seed)
    assert isinstance(last, Expanded)
    plain, rich = (probe.look(network, painter.paint(text, seed)) for text in (asked.text, last.prompt))
    return Pair(asked, last.prompt, plain, rich)


def counts(asked: Asked, part: str) -> bool:
    """Whether it was said; a thing, or none, and how many there are, always is."""
    if part in ("place", "size"):
        return part in asked.said and asked.scene.count == 1
    return part in asked.said or part == "kind" or (part == "count" and asked.scene.kind is not None)


def table(pairs: list[Pair]) -> str:
    """How often each picture shows what was said, then how often the second is the richer."""
    lines = ["| what was said is shown | of | as given | expanded |", "| --- | --- | --- | --- |"]
    for part in ("kind", "count", *PARTS):
        some = [pair for pair in pairs if counts(pair.asked, part)]
        plain, rich = (
            sum(pair.asked.keeps(part, seen) for pair, seen in zip(some, scenes, strict=True)) / max(1, len(some))
            for scenes in ([pair.plain for pair in some], [pair.rich for pair in some])
        )
        lines.append(f"| {part} | {len(some)} | {plain:.3f} | {rich:.3f} |")
    roomy = [pair for pair in pairs if pair.asked.leaves_room]
    full = [pair for pair in pairs if not pair.asked.leaves_room]
    lines += ["", "| the expanded picture | times | of |", "| --- | --- | --- |"]
    rows = {
        "shows the same kind": [pair.plain.kind == pair.rich.kind for pair in pairs],
        "is richer, where there is room": [pair.gain > 0 for pair in roomy],
        "is poorer, where there is room": [pair.gain < 0 for pair in roomy],
        "is richer, where there is none": [pair.gain > 0 for pair in full],
        "is poorer, where there is none": [pair.gain < 0 for pair in full],
    }
    lines += [f"| {name} | {sum(hits)} | {len(hits)} |" for name, hits in rows.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "postcard", help="where the probe is kept")
    parser.add_argument("--checkpoint", type=Path, default=ASSETS)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seconds", type=float, default=probe.SECONDS, help="of the probe's training")
    parser.add_argument("--failures", type=int, default=5, help="print so many captions whose kind is another")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    probe.train(given.work, given.seconds)
    painter = Painter(Pipeline.load(given.checkpoint), LinearLatents.load(given.work))
    network = probe.load(given.work)
    pairs = []
    for seed, asked in enumerate(terse(given.count, SEED)):
        pairs.append(paint(painter, network, asked, seed))
        if len(pairs) % 50 == 0:
            print(f"{len(pairs)} of {given.count} painted twice", flush=True)
    print(table(pairs))
    other = [pair for pair in pairs if pair.plain.kind != pair.rich.kind]
    for pair in other[: given.failures]:
        print(f"\n{pair.asked.text} ({pair.plain.kind})\n-> {pair.fuller} ({pair.rich.kind})")


if __name__ == "__main__":
    main()
