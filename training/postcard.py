"""Train Postcard, the bundled model, from nothing: `python training/postcard.py`.

Each stage keeps its state in the work folder (`--work`) and goes on from there after an interruption. A stage
that has had its seconds is skipped, so raising a budget trains it further. `--from-shipped` makes missing states from
the checkpoint. `--quick` goes through everything in a few minutes, to see that it runs: what comes out cannot paint.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

import checker
import decoder
import diffusion
import encoder
import evaluate
import language
import probe
import sheet
import shipped
import sizes
import vocabulary
from export import export
from latents import FILE, LinearLatents

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src" / "tintype" / "assets" / "postcard"
FIGURES, PAGE = ROOT / "training" / "evaluation.json", ROOT / "docs" / "explanation" / "postcard.md"

Train = Callable[[Path, float], None]
# Stages that take time, in order, with their seconds on one core of 2026.
STAGES: dict[str, tuple[Train, float]] = {
    "language": (language.train, 600),
    "diffusion": (diffusion.train, 9000),
    "decoder": (decoder.train, 5400),
    "encoder": (encoder.train, 1800),
    "checker": (checker.train, 1800),
}


@dataclass(frozen=True)
class Samples:
    """How many examples the parts that are not trained are fitted to."""

    captions: int = 30_000
    latents: int = 1500
    preview: int = 300


QUICK, QUICK_SECONDS = Samples(captions=2000, latents=150, preview=30), 30.0
QUICK_STAGES: dict[str, Train] = {"decoder": partial(decoder.train, pictures=2)}


def prepare(work: Path, samples: Samples) -> None:
    """The two quick stages: the vocabulary and the linear latents."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "tokenizer" / "tokenizer.json").exists():
        vocabulary.learn(work / "tokenizer", samples.captions)
    if not (work / FILE).exists():
        LinearLatents.fit(samples.latents).save(work)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, help="where states are kept; runs/postcard, or runs/quick")
    parser.add_argument("--target", type=Path, help="where the checkpoint is written; for --quick in --work")
    parser.add_argument("--from-shipped", action="store_true", help="begin stages without a state from the checkpoint")
    parser.add_argument("--only", choices=STAGES, help="train this stage alone")
    parser.add_argument(
        "--seconds", type=float, help="with --only, --quick, --measure: the stage's, each stage's, the probe's"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds for each stage")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--export", action="store_true", help="only write the checkpoint of the states there are")
    parser.add_argument("--measure", action="store_true", help="only say how well the words are followed")
    parser.add_argument("--count", type=int, default=500, help="with --measure: how many captions")
    parser.add_argument("--decoder", action="store_true", help="with --measure: look at the decoder's pictures (slow)")
    parser.add_argument("--write", action="store_true", help="with --measure: write the figures into the documentation")
    parser.add_argument("--sheet", type=Path, help="only paint the sheet of prompts to this file")
    parser.add_argument("--sizes", type=Path, help="only paint a sheet of all sizes to this file, and measure seams")
    given = parser.parse_args()
    given.work = given.work or ROOT / "runs" / ("quick" if given.quick else "postcard")
    given.target = given.target or (given.work / "checkpoint" if given.quick else ASSETS)
    return given


def judge(given: argparse.Namespace) -> None:
    """Say what the model of the states there are can do, as users would get it."""
    checkpoint = given.work / "checkpoint"
    export(given.work, checkpoint)
    if given.sheet:
        sheet.make(checkpoint, given.sheet)
    if given.sizes:
        sizes.make(checkpoint, given.sizes)
        print(sizes.report(checkpoint))
    if given.measure:
        probe.train(given.work, given.seconds or probe.SECONDS)
        report = evaluate.evaluate(given.work, checkpoint, given.count, given.decoder)
        print(evaluate.table(report))
        if given.write:
            evaluate.write(report, FIGURES, PAGE)


def train(given: argparse.Namespace) -> None:
    samples = QUICK if given.quick else Samples()
    prepare(given.work, samples)
    for name in [given.only] if given.only else STAGES:
        stage, seconds = STAGES[name]
        if given.quick:
            stage, seconds = QUICK_STAGES.get(name, stage), QUICK_SECONDS
        stage(given.work, given.seconds or seconds)
    if not given.only:
        export(given.work, given.target, samples.preview)


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    if given.from_shipped:
        given.work.mkdir(parents=True, exist_ok=True)
        shipped.take_up(given.target, given.work)
    if given.sheet or given.sizes or given.measure:
        judge(given)
    elif given.export:
        export(given.work, given.target)
    else:
        train(given)


if __name__ == "__main__":
    main()
