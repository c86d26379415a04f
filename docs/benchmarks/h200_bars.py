"""Set what docs/benchmarks/h200.sh wrote against the bars, and print a table in Markdown.

    python docs/benchmarks/h200_bars.py FOLDER

Exit status 1 if a bar does not hold or was not measured.
"""

import json
import sys
from pathlib import Path
from typing import Any

LARGE, SMALL = 0, 1
SECONDS = (
    ("whole request, 1024x1024, `none`", "none", LARGE, "whole", 0.75),
    ("whole request, 1024x1024, `regular`", "regular", LARGE, "whole", 0.50),
    ("whole request, 1024x1024, `high`", "high", LARGE, "whole", 0.40),
    ("whole request, 512x512, `none`", "none", SMALL, "whole", 0.19),
    ("text encoding, 128 tokens", "none", LARGE, "text", 0.008),
    ("decode, 1024x1024", "none", LARGE, "decode", 0.025),
)
"""Name, level, which of the sizes, part, at most so many seconds."""
RATIOS = (
    ("diffusers eager bf16 by `none`", "diffusers-bf16", 1.5),
    ("diffusers compiled bf16 by `none`", "diffusers-compiled", 1.2),
)
"""Name, peer, at least so many times as long."""


def main(folder: Path) -> int:
    rows = [
        (name, f"at most {most} s", seconds(folder, level, size, part), most)
        for name, level, size, part, most in SECONDS
    ]
    lines = [line(name, bar, value, value is not None and value <= most, "s") for name, bar, value, most in rows]
    ratios = [(name, f"at least {least}x", ratio(folder, peer), least) for name, peer, least in RATIOS]
    lines += [line(name, bar, value, value is not None and value >= least, "x") for name, bar, value, least in ratios]
    print("| what | bar | measured | holds |\n| --- | --- | --- | --- |")
    print("\n".join(text for text, _ in lines))
    return 0 if all(holds for _, holds in lines) else 1


def seconds(folder: Path, level: str, size: int, part: str) -> float | None:
    results = read(folder / f"latency-{level}.json")
    return results[size]["median"][part] if results else None


def ratio(folder: Path, peer: str) -> float | None:
    found = [row for row in read(folder / "against.json") if row["engine"] == peer and row["ratio"]]
    return found[0]["ratio"]["tintype none"]["median"] if found else None


def read(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_text())["results"] if file.is_file() else []


def line(name: str, bar: str, value: float | None, holds: bool, unit: str) -> tuple[str, bool]:
    shown = "not measured" if value is None else f"{value:.4f} s" if unit == "s" else f"{value:.2f}x"
    return f"| {name} | {bar} | {shown} | {'yes' if holds else 'no'} |", holds


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
