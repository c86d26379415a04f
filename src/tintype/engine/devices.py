"""What PyTorch can paint on here: ``python -m tintype.engine.devices`` prints one name a line, the best first.

A program, because the process that wants to know must not load torch.
"""

import torch


def found() -> list[torch.device]:
    """Every device that torch can use here: each CUDA (or ROCm) one, Apple's, and the CPU."""
    devices = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append(torch.device("mps"))
    return [*devices, torch.device("cpu")]


if __name__ == "__main__":
    print(*found(), sep="\n")
