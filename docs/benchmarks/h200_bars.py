"""Set what docs/benchmarks/h200.sh wrote against the bars, and print a table in Markdown.

    python docs/benchmarks/h200_bars.py FOLDER

Exit status 1 if a bar does not hold, was not measured, or was measured of something smaller.
"""

import json
import sys
from pathlib import Path
from typing import Any

SECONDS = (
    ("whole request", "1024x1024", "none", "whole", 0.75),
    ("whole request", "1024x1024", "regular", "whole", 0.50),
    ("whole request", "1024x1024", "high", "whole", 0.40),
    ("whole request", "512x512", "none", "whole", 0.19),
    ("text encoding of 128 tokens", "1024x1024", "none", "text", 0.008),
    ("decode", "1024x1024", "none", "decode", 0.025),
)
"""What, at which size and level, which part, at most so many seconds."""
RATIOS = (("diffusers eager", "diffusers-bf16", 1.5), ("diffusers compiled", "diffusers-compiled", 1.2))
"""Whose time by Tintype's, at least."""
MODEL, STEPS, TOKENS = "random-30x3840", 8, 128
RIGHT = {"model": MODEL, "steps": STEPS, "tokens": TOKENS}


def main(folder: Path) -> int:
    rows: list[tuple[str, str, str, bool]] = []
    for what, size, level, part, most in SECONDS:
        found = [one for one in read(folder / f"latency-{level}.json") if is_right(one, size)]
        value = found[0]["median"][part] if found else None
        shown = "not measured" if value is None else f"{value:.4f} s"
        rows.append((f"{what}, {size}, `{level}`", f"at most {most} s", shown, value is not None and value <= most))
    compared = [one for one in read(folder / "against.json") if is_right(one, "1024x1024") and one["ratio"]]
    for whose, peer, least in RATIOS:
        ratios = [one["ratio"]["tintype none"]["median"] for one in compared if one["engine"] == peer]
        shown = f"{ratios[0]:.2f}x" if ratios else "not measured"
        rows.append((f"{whose} by `none`, 1024x1024", f"at least {least}x", shown, bool(ratios) and ratios[0] >= least))
    print("| what | bar | measured | holds |\n| --- | --- | --- | --- |")
    for what, bar, shown, holds in rows:
        print(f"| {what} | {bar} | {shown} | {'yes' if holds else 'no'} |")
    return 0 if all(holds for *_, holds in rows) else 1


def is_right(result: dict[str, Any], size: str) -> bool:
    """Whether it is of the whole model, at the size and with the steps and words that the bar is about."""
    return result["size"] == size and all(result[name] == value for name, value in RIGHT.items())


def read(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_text())["results"] if file.is_file() else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
