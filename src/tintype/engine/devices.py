"""What PyTorch can paint on here, and waiting for it.

``python -m tintype.engine.devices`` prints one name a line, the best first. A program, because the process that wants
to know must not load torch.
"""

import torch


def found() -> list[torch.device]:
    """Every device that torch can use here: each CUDA (or ROCm) one, Apple's, and the CPU."""
    devices = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append(torch.device("mps"))
    return [*devices, torch.device("cpu")]


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was given: only then a clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


if __name__ == "__main__":
    print(*found(), sep="\n")
