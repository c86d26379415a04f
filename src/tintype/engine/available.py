"""How much memory a device has free, in bytes; of a CPU, what this machine or this container has."""

import os
from pathlib import Path

import torch

TOP = Path("/")


def available(device: torch.device) -> int:
    """Bytes that can be taken on ``device`` now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return machine()


def machine(top: Path = TOP) -> int:
    """Bytes that programs can take without swapping, within the limits of our control groups.

    ``top`` is where ``proc`` and ``sys`` lie. Where there is no ``/proc``, three quarters of the machine's memory.
    """
    file = top / "proc" / "meminfo"
    if not file.is_file():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    lines = dict(line.split(":", 1) for line in file.read_text().splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    return max(0, min([free, *_left_in_groups(top)]))


def _left_in_groups(top: Path) -> list[int]:
    """What each control group that limits us has left: its limit less its use, its idle file pages not counted."""
    try:
        lines = (top / "proc" / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    left: list[int] = []
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds == "":
            root, names = top / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            root = top / "sys/fs/cgroup/memory"
        else:
            continue
        group = root / path.lstrip("/")
        for folder in [group, *group.parents]:  # a container may see its own group as the root
            if folder.is_relative_to(root) and (number := _left(folder, *names)) is not None:
                left.append(number)
    return left


def _left(folder: Path, limit: str, used: str, idle: str) -> int | None:
    try:
        most = int((folder / limit).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return most - int((folder / used).read_text()) + int(stat[idle])
    except (OSError, ValueError, KeyError):  # no such file; or the limit is "max"
        return None
