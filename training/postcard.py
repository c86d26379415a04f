"""Train Postcard, the bundled model, from nothing: `python training/postcard.py`.

Each stage keeps its state in the work folder (`--work`) and goes on from there after an interruption. A stage
that has had its seconds is skipped, so raising a budget trains it further. `--from-shipped` makes missing states from
the checkpoint.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

import checker
import decoder
import diffusion
import encoder
import language
import measure
import sheet
import shipped
import vocabulary
from export import export
from latents import LinearLatents

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src" / "tintype" / "assets" / "postcard"

Train = Callable[[Path, float], None]
# Stages that take time, in order, with their seconds on one core of 2026.
STAGES: dict[str, tuple[Train, float]] = {
    "language": (language.train, 600),
    "decoder": (decoder.train, 5400),
    "diffusion": (diffusion.train, 9000),
    "encoder": (encoder.train, 1800),
    "checker": (checker.train, 1800),
}


def prepare(work: Path) -> None:
    """The two quick stages: the vocabulary and the linear latents."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "tokenizer" / "tokenizer.json").exists():
        vocabulary.learn(work / "tokenizer")
    if not (work / "latents.safetensors").exists():
        LinearLatents.fit().save(work / "latents.safetensors")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "postcard", help="where states are kept")
    parser.add_argument("--target", type=Path, default=ASSETS, help="where the checkpoint is written")
    parser.add_argument("--from-shipped", action="store_true", help="begin stages without a state from the checkpoint")
    parser.add_argument("--only", choices=STAGES, help="train this stage alone (two can run side by side)")
    parser.add_argument("--seconds", type=float, help="with --only: the stage's budget, over all restarts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--export", action="store_true", help="only write the checkpoint of the states there are")
    parser.add_argument("--measure", action="store_true", help="only say how well the words are followed")
    parser.add_argument("--sheet", type=Path, help="only draw a contact sheet to this file")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    if given.from_shipped:
        given.work.mkdir(parents=True, exist_ok=True)
        shipped.take_up(given.target, given.work)
    if given.sheet:
        sheet.make(given.work, given.sheet)
        return
    if given.measure:
        print(measure.report(given.work))
        return
    if not given.export:
        prepare(given.work)
        for name in [given.only] if given.only else STAGES:
            train, seconds = STAGES[name]
            train(given.work, given.seconds or seconds)
    if not given.only:
        export(given.work, given.target)


if __name__ == "__main__":
    main()
