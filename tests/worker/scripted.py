"""An engine that does what a test tells it, and a workplace around it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tintype import messages
from tintype.core import Job, Params, State, Terms
from tintype.errors import SetupError
from tintype.files import FileStore
from tintype.store import Bus, Store
from tintype.worker.engine_process import EngineDied, EngineProcess
from tintype.worker.status import EngineStatus
from tintype.worker.supervisor import Supervisor

READY = messages.Ready("scripted", "1", "0" * 16, "cpu", "float32", 0.0)
Act = Callable[["ScriptedEngine", messages.Generate], None]


def paints(engine: "ScriptedEngine", wish: messages.Generate) -> None:
    """One step and one black picture per image."""
    for image in range(wish.images):
        engine.report(messages.StepDone(wish.job_id, image, 1, 1, 0.01))
        black = bytes(wish.width * wish.height * 3)
        engine.report(messages.PictureDone(wish.job_id, image, wish.width, wish.height, black))
    engine.report(messages.Finished(wish.job_id, 0.02))


def dies(engine: "ScriptedEngine", wish: messages.Generate) -> None:
    """After one picture."""
    engine.report(messages.PictureDone(wish.job_id, 0, 8, 8, bytes(8 * 8 * 3)))
    engine.report(None)


def waits(engine: "ScriptedEngine", wish: messages.Generate) -> None:
    """Until it is cancelled."""


class ScriptedEngine(EngineProcess):
    """Answers each Generate with the next act of its script; the last act is repeated."""

    def __init__(self, *script: Act, starts: tuple[Exception | None, ...] = (None,)) -> None:
        super().__init__(Path("nowhere"))
        self.script = list(script)
        self.starts = list(starts)
        self.commands: list[messages.Command] = []
        self.alive = False

    def report(self, report: messages.Report | None) -> None:
        self._reports.put_nowait(report)

    async def start(self, on_phase: Callable[[str], None]) -> messages.Ready:
        self._reports = asyncio.Queue()
        outcome = self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        if outcome is not None:
            raise outcome
        self.alive = True
        return READY

    def send(self, command: messages.Command) -> None:
        if not self.alive:
            raise EngineDied("gone")
        self.commands.append(command)
        if isinstance(command, messages.Cancel):
            self.report(messages.Stopped(command.job_id))
        else:
            (self.script.pop(0) if len(self.script) > 1 else self.script[0])(self, command)

    async def hear(self, patience: float | None = None) -> messages.Report:
        report = await self._reports.get()
        if report is None:
            self.alive = False
            raise EngineDied("the script says so")
        return report

    def check(self) -> None:
        if not self.alive:
            raise EngineDied("gone")

    async def stop(self) -> None:
        self.alive = False


@dataclass
class Workplace:
    """What a test looks at."""

    store: Store
    folder: Path
    engine: ScriptedEngine
    status: EngineStatus
    worker: "asyncio.Task[None]"
    announced: list[EngineStatus] = field(default_factory=list)

    async def submit(self, name: str, images: int = 1, terms: Terms = Terms()) -> Job:  # noqa: B008
        params = Params("x", 8, 8, 1, 0, images, "png", False, "none", True, False)
        return await self.store.submit(Job(id=name, account="local", params=params, terms=terms))

    async def ended(self, name: str, seconds: float = 20) -> Job:
        async with asyncio.timeout(seconds):
            while True:
                job = await self.store.get(name)
                assert job is not None
                if job.state.is_final:
                    return job
                await asyncio.sleep(0.02)

    async def running(self, name: str) -> None:
        async with asyncio.timeout(20):
            while (job := await self.store.get(name)) and job.state is not State.RUNNING:
                await asyncio.sleep(0.02)

    def files(self) -> list[str]:
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*.png"))


@contextlib.asynccontextmanager
async def workplace(
    home: Path,
    engine: ScriptedEngine,
    *,
    store_type: type[Store] = Store,
    files_type: Callable[[str], FileStore] = FileStore,
    max_attempts: int = 3,
) -> AsyncIterator[Workplace]:
    bus, status = Bus(), EngineStatus()
    store = await store_type.open(f"sqlite:///{home}/jobs.db", bus)
    announced: list[EngineStatus] = []
    files = files_type(str(home / "files"))
    supervisor = Supervisor(store, bus, files, engine, status, max_attempts, announced.append)
    worker = asyncio.create_task(supervisor.run())
    try:
        yield Workplace(store, home / "files", engine, status, worker, announced)
    finally:
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await worker
        await store.close()


def cannot_start() -> SetupError:
    return SetupError("no such model")
