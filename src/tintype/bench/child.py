"""One engine in a process of its own: ``python -m tintype.bench.child --fd N``.

Several engines are measured in turn, by command over a pipe, so that each has its own peak of memory and a machine that
is now and then busy with something else is unfair to none.
"""

import argparse
import importlib
import os
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any, Protocol

import torch

from tintype.bench import machine
from tintype.bench.turns import Answer, Command, Engine, Loaded, Multiply, Painted, Trouble, Wish
from tintype.engine.devices import wait_for
from tintype.errors import SetupError

PAINTERS = {
    "tintype": "tintype.bench.ours",
    "diffusers": "tintype.bench.diffusers_painter",
    "stable-diffusion.cpp": "tintype.bench.cpp_painter",
    "sglang": "tintype.bench.sglang_painter",
    "vllm-omni": "tintype.bench.vllm_painter",
}
"""Kind of engine -> the module that has its ``Painter``."""


class Painter(Protocol):
    """An engine that is loaded. Made with an :class:`~tintype.bench.turns.Engine`."""

    device: torch.device
    dtype: torch.dtype

    def paint(self, wish: Wish) -> Painted:
        """Paint one picture and tell how long it took."""
        ...


def main() -> None:
    """Load the engine that the pipe asks for, then do what it is told until the pipe closes."""
    parser = argparse.ArgumentParser(prog="python -m tintype.bench.child")
    parser.add_argument("--fd", type=int, required=True)
    pipe: Connection[Answer, Any] = Connection(parser.parse_args().fd)
    try:
        painter = load(pipe, pipe.recv())
        while True:
            pipe.send(answer(painter, pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the bench is done
    except SetupError as error:
        pipe.send(Trouble(str(error)))
    except Exception as error:  # whoever measures is to read why
        traceback.print_exc()
        pipe.send(Trouble(f"{type(error).__name__}: {error}"))


def load(pipe: "Connection[Answer, Any]", engine: Engine) -> Painter:
    """Be ``engine``, and say so."""
    started = time.perf_counter()
    if engine.threads:
        torch.set_num_threads(engine.threads)
    painter: Painter = importlib.import_module(PAINTERS[engine.kind]).Painter(engine)
    wait_for(painter.device)
    dtype = str(painter.dtype).removeprefix("torch.")
    pipe.send(Loaded(str(painter.device), dtype, time.perf_counter() - started))
    return painter


def answer(painter: Painter, command: Command) -> Answer:
    """Do one thing."""
    if isinstance(command, Wish):
        return painter.paint(command)
    if isinstance(command, Multiply):
        return machine.product_speed(painter.device, painter.dtype)
    return machine.peak_memory(painter.device)


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing to save, and some engines' teardown takes long
