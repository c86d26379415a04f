"""A handle on one engine child: start it, send it commands, hear its reports, notice its death.

The child is a process of its own so that a crash of a driver or a kernel costs one attempt of one job, and so that
the work of the networks never holds up an HTTP answer.
"""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from tintype import messages
from tintype.errors import SetupError


class EngineDied(Exception):
    """The child ended, or was ended because it stopped reporting."""


class EngineProcess:
    """One engine child on one device. :meth:`start` before anything else; may be started again after its death."""

    def __init__(
        self,
        model: Path,
        device: str = "auto",
        threads: int = 0,
        program: str = "tintype.engine",
        expansion_prompt: str = "",
        safety_checker: str = "on",
        memory: float = 0,
        max_pixels: int = 2048 * 2048,
    ) -> None:
        """``program`` is the module to run: another one that keeps the rules of the pipe may stand in.

        ``memory`` is how many GB the child may take on its device (0: what is free when it first starts), for pictures
        of ``max_pixels``.
        """
        self.device = device
        self._command = [sys.executable, "-m", program, "--model", str(model), "--device", device]
        self._command += ["--threads", str(threads), "--safety-checker", safety_checker]
        self._command += ["--max-pixels", str(max_pixels)]
        if expansion_prompt:
            self._command += ["--expansion-prompt", expansion_prompt]
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[messages.Command, messages.Report] | None = None
        self._reports: asyncio.Queue[messages.Report | None] = asyncio.Queue()
        self._stoppable: str | None = None
        """The job that the child was given last, until it is told to stop."""

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._process.pid if self._process else None

    async def start(self, on_phase: Callable[[str], None]) -> messages.Ready:
        """Start the child and wait until it can paint, passing on what it is doing meanwhile.

        Raises:
            SetupError: it says that it cannot start, and why.
            EngineDied: it ended without a word.
        """
        await self.stop()  # one that hung may still hold the device's memory
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(  # noqa: ASYNC220  forking takes a millisecond
            [*self._command, "--memory", str(self._memory), "--fd", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which then closes the pipe
        )
        theirs.close()
        self._pipe = Connection(ours.detach())
        self._reports = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=_listen, args=(self._pipe, self._reports, loop), daemon=True).start()
        while True:
            match await self.hear():
                case messages.Phase(text):
                    on_phase(text)
                case messages.Ready() as ready:
                    self._memory = ready.memory or self._memory  # in another layout a seed may paint another picture
                    return ready
                case messages.Unable(reason):
                    raise SetupError(reason)
                case report:
                    raise AssertionError(f"{report} before Ready")

    def send(self, command: messages.Command) -> None:
        """Give the child a command; raises :class:`EngineDied` if nobody is there to take it.

        A job is cancelled once. The child reads between steps only, and a pipe that is full of the same wish, asked
        every second, would hold up whoever sends.
        """
        assert self._pipe is not None
        if isinstance(command, messages.Cancel) and command.job_id != self._stoppable:
            return
        self._stoppable = command.job_id if isinstance(command, messages.Generate) else None
        try:
            self._pipe.send(command)
        except OSError as error:
            raise EngineDied("the engine's pipe is closed") from error

    async def hear(self, patience: float | None = None) -> messages.Report:
        """The child's next report.

        Raises:
            EngineDied: it ended, or said nothing for ``patience`` seconds and was killed for it.
        """
        try:
            async with asyncio.timeout(patience):
                report = await self._reports.get()
        except TimeoutError:
            self.kill()
            raise EngineDied(f"the engine reported nothing for {patience:.0f} s and was stopped") from None
        if report is None:
            raise EngineDied(f"the engine ended unexpectedly ({await self._ending()})")
        return report

    def check(self) -> None:
        """Raise :class:`EngineDied` if the child has ended."""
        if self._process is None or self._process.poll() is not None:
            raise EngineDied("the engine ended while it had nothing to do")

    def kill(self) -> None:
        """End the child at once. Nothing is lost: it owns nothing."""
        if self._process is not None:
            self._process.kill()

    async def stop(self) -> None:
        """End the child, if there is one, and wait until it is gone."""
        if self._process is None:
            return
        self.kill()
        await asyncio.to_thread(self._process.wait)

    async def _ending(self) -> str:
        assert self._process is not None
        status = await asyncio.to_thread(self._process.wait)
        return f"signal {-status}" if status < 0 else f"exit status {status}"


def _listen(
    pipe: "Connection[messages.Command, messages.Report]",
    reports: asyncio.Queue[messages.Report | None],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Move reports from the pipe to the event loop until the pipe closes; a thread of its own."""
    try:
        while True:
            _deliver(loop, reports, pipe.recv())
    except (EOFError, OSError):
        _deliver(loop, reports, None)


def _deliver(
    loop: asyncio.AbstractEventLoop, reports: asyncio.Queue[messages.Report | None], report: messages.Report | None
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(reports.put_nowait, report)
