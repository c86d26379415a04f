"""Which devices this server paints on, each by a worker of its own. No torch here: a short-lived child is asked."""

import os
import subprocess
import sys

import structlog

from tintype.config import parts
from tintype.models import device_files

PATIENCE = 120.0
"""Seconds until a driver that does not say how many GPUs there are is left alone."""

log = structlog.get_logger(__name__)


def chosen(setting: str) -> list[str]:
    """The devices that the setting ``device`` means: those it names or, for ``auto``, every GPU of this machine.

    ``auto`` stays where there are not several: then the engine itself takes the best device that it finds.
    """
    if setting == "auto" and _may_have_several():
        gpus = [name for name in _found() if name.startswith("cuda")]
        return gpus or ["auto"]
    return parts(setting)


def threads_of_each(devices: list[str], threads: int) -> int:
    """Threads of one engine; 0: PyTorch's choice, which would be all cores for each of several engines on the CPU."""
    sharing = devices.count("cpu")
    if threads or sharing < 2:
        return threads
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores // sharing)


def _may_have_several() -> bool:
    """Whether asking is worth the seconds that loading torch takes. Only NVIDIA's driver has a file for each GPU."""
    files = device_files()
    return len(files) > 1 or any(not file.name.startswith("nvidia") for file in files)


def _found() -> list[str]:
    """What torch finds here, asked of a child."""
    command = [sys.executable, "-m", "tintype.engine.devices"]
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE).stdout.split()
    except (OSError, subprocess.SubprocessError) as error:
        log.error("the GPUs could not be counted; one engine takes what it finds", reason=str(error))
        return []
