"""A process that paints three pictures by one plan and prints what it took: ``python weighed.py FOLDER LAYOUT``.

Like an engine it paints one to warm up before. Memory in bytes: ``in_use`` after each picture, which is what
somebody still refers to, ``resident``, and ``peak``, the most that the process ever was until then. The peak is of this
process alone; that of ``getrusage`` begins with the size of the process that started it.
"""

import ctypes
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from tintype.engine.pipeline import Picture, Pipeline, plan_for
from tintype.engine.plan import Layout

SIDE = 256
PICTURES = 3
FIELDS = (
    "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
)  # fmt: skip


class Mallinfo2(ctypes.Structure):
    """What glibc's ``mallinfo2(3)`` answers, of the heap that every tensor lies in."""

    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS]


def in_use() -> int:
    """Bytes of the heap that are not free."""
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = Mallinfo2
    told = tell()
    return told.uordblks + told.hblkhd


def memory() -> tuple[int, int]:
    """This process's memory now, and the most it ever was."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def main(folder: Path, layout: str) -> None:
    torch.set_num_threads(2)
    cpu = torch.device("cpu")
    plan = plan_for(folder, cpu, memory=100, max_pixels=SIDE**2, checks=False, dtype=torch.float32)
    plan = replace(plan, layout=Layout[layout])
    pipeline = Pipeline.load(folder, cpu, torch.float32, plan=plan)
    found: dict[str, list[object]] = {"in_use": [], "resident": [], "peak": [], "pictures": []}
    for number in range(PICTURES + 1):
        for event in pipeline.paint(f"picture {number}", SIDE, SIDE, steps=1, seed=7):
            if isinstance(event, Picture):
                found["pictures"].append(hashlib.sha256(event.pixels.tobytes()).hexdigest())
        if number == 0:
            continue  # an engine paints one before it is ready
        now, most = memory()
        found["in_use"].append(in_use())
        found["resident"].append(now)
        found["peak"].append(most)
    remembered = plan.needs.captions()  # counted for many long prompts; three short ones leave it empty
    print(json.dumps({"forecast": plan.peak(SIDE**2) - remembered, "plan": str(plan), **found}))


main(Path(sys.argv[1]), sys.argv[2])
