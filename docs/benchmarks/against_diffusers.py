"""Time the bundled model in Tintype and in diffusers, in turn, on this machine, and print a table.

Run it with the environment of the tests. Both run the same weights in
fp32 with the same threads: 8 steps, one picture at a time, from the prompt to uint8 pixels.
"""

import statistics
import time
from collections.abc import Callable

from tintype.config import prepare_for_torch

prepare_for_torch()

import torch  # noqa: E402
from diffusers import ZImagePipeline  # noqa: E402

from tintype import models  # noqa: E402
from tintype.engine.pipeline import Pipeline  # noqa: E402

PROMPT = "a red sailboat on a calm sea at sunset"
SIZES = ((512, 512), (1024, 768), (1024, 1024))
ROUNDS = 7


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    ours = Pipeline.load(models.POSTCARD)
    theirs = ZImagePipeline.from_pretrained(models.POSTCARD, torch_dtype=torch.float32)
    theirs.set_progress_bar_config(disable=True)

    def paint(width: int, height: int) -> object:
        return list(ours.paint(PROMPT, width, height, steps=8, seed=1))

    def reference(width: int, height: int) -> object:
        generator = torch.Generator().manual_seed(1)
        options = {"num_inference_steps": 8, "guidance_scale": 0.0, "generator": generator, "output_type": "np"}
        return theirs(PROMPT, width=width, height=height, **options).images

    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}\n")
    print("| size | Tintype, s | diffusers, s | ratio | ratio, min-max |\n| --- | --- | --- | --- | --- |")
    for size in SIZES:
        paint(*size), reference(*size)
        pairs = [(seconds(lambda: paint(*size)), seconds(lambda: reference(*size))) for _ in range(ROUNDS)]  # noqa: B023
        mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = sorted(b / a for a, b in pairs)
        name = f"{size[0]}x{size[1]}"
        print(f"| {name} | {mine:.2f} | {other:.2f} | {other / mine:.2f} | {ratios[0]:.2f}-{ratios[-1]:.2f} |")


if __name__ == "__main__":
    main()
