"""A handle on one engine that is measured: start its process, have it paint, end it."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Generator
from multiprocessing.connection import Connection
from typing import Any

from tintype.bench.turns import Answer, Command, Engine, Loaded, Multiply, Painted, Peak, Trouble, Wish
from tintype.config import variables_of_others
from tintype.errors import SetupError


class Running:
    """An engine that can paint. Made by :func:`running`."""

    def __init__(self, engine: Engine, pipe: "Connection[Any, Answer]") -> None:
        self.engine = engine
        self._pipe = pipe
        pipe.send(engine)
        loaded = self._hear()
        assert isinstance(loaded, Loaded)
        self.loaded = loaded

    def paint(self, wish: Wish) -> Painted:
        """Have it paint one picture; raises :class:`SetupError` if it cannot."""
        painted = self._ask(wish)
        assert isinstance(painted, Painted)
        return painted

    def product_speed(self) -> float:
        """FLOPs a second of matrix products of its dtype on its device, now."""
        speed = self._ask(Multiply())
        assert isinstance(speed, float)
        return speed

    def peak_memory(self) -> int:
        """The most bytes it has had so far."""
        peak = self._ask(Peak())
        assert isinstance(peak, int)
        return peak

    def _ask(self, command: Command) -> Answer:
        self._pipe.send(command)
        return self._hear()

    def _hear(self) -> Answer:
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise SetupError(f"{self.engine.name} ended without a word; was there too little memory?") from error
        if isinstance(answer, Trouble):
            raise SetupError(f"{self.engine.name} cannot be measured: {answer.reason}")
        return answer


@contextlib.contextmanager
def running(engine: Engine) -> Generator[Running]:
    """Start ``engine``; raises :class:`SetupError`.

    It has the variables that Tintype's own engine child has, unless it is a peer to be run as people run it.
    """
    variables = variables_of_others() if engine.as_people_run_it else None
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tintype.bench.child", "--fd", str(theirs.fileno())]
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr, env=variables
    )
    theirs.close()
    pipe: Connection[Any, Answer] = Connection(ours.detach())
    try:
        yield Running(engine, pipe)
    finally:
        pipe.close()
        process.kill()
        process.wait()
