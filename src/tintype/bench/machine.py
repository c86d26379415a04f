"""What this machine is, and how fast it multiplies matrices."""

import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from tintype import __version__
from tintype.engine.devices import wait_for
from tintype.engine.pipeline import device_named

SIDES = {"cpu": 1024, "cuda": 8192, "mps": 4096}
"""Of the square matrices; large enough that starting the product costs nothing."""
ROUNDS = {"cpu": 1, "cuda": 20, "mps": 5}
"""How many products are timed together."""


def facts(device: str, threads: int = 0) -> dict[str, Any]:
    """Everything that figures depend on."""
    chosen = device_named(device)
    return {
        "tintype": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": str(chosen),
        "device_name": device_name(chosen),
        "capability": capability(chosen),
        "threads": threads or torch.get_num_threads(),
        "memory_bytes": memory(chosen),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def capability(device: torch.device) -> str:
    """What the device's matrix kernels are chosen by."""
    if device.type == "cuda":
        return ".".join(str(number) for number in torch.cuda.get_device_capability(device))
    return torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else device.type


def device_name(device: torch.device) -> str:
    """What its maker calls it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory(device: torch.device) -> int:
    """Bytes that are free for networks on ``device``."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    info = Path("/proc/meminfo")
    if not info.exists():
        return 0  # not told here
    return next(int(line.split()[1]) * 1024 for line in info.read_text().splitlines() if "MemAvailable" in line)


def peak_memory(device: torch.device) -> int:
    """The most bytes that this process has had: on ``device``, or resident, files mapped into memory included."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # not getrusage: there a child begins with its parent's peak
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@torch.inference_mode()
def product_speed(device: torch.device, dtype: torch.dtype) -> float:
    """FLOPs a second of one square linear layer, the best of four: the ceiling of what networks can reach."""
    side, rounds = SIDES[device.type], ROUNDS[device.type]
    x, weight = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(4):
        started = time.perf_counter()
        for _ in range(rounds):
            F.linear(x, weight)
        wait_for(device)
        best = min(best, (time.perf_counter() - started) / rounds)
    return 2 * side**3 / best
