"""All workers of one server, one per device. They share nothing but the store: each claims for itself."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from tintype.errors import SetupError
from tintype.files import FileStore
from tintype.store import Bus, Store
from tintype.worker.engine_process import EngineProcess
from tintype.worker.status import Engines, EngineStatus
from tintype.worker.supervisor import Supervisor

log = structlog.get_logger(__name__)


class Workers:
    """Work goes on as long as one of them can."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        files: FileStore,
        engines: Sequence[EngineProcess],
        max_attempts: int,
        announce: Callable[[Engines], None],
    ) -> None:
        """``announce`` is called once, when the first engine can paint."""
        self.engines = Engines([EngineStatus(device=engine.device) for engine in engines])
        self._announce = announce
        self._announced = False
        self._supervisors = [
            Supervisor(store, bus, files, engine, status, max_attempts, self._on_ready)
            for engine, status in zip(engines, self.engines.workers, strict=True)
        ]
        self._without: list[EngineStatus] = []
        """Those whose engine never started."""

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            SetupError: no engine could start even once; in an ExceptionGroup.
        """
        async with asyncio.TaskGroup() as group:
            for number, supervisor in enumerate(self._supervisors, start=1):
                group.create_task(self._run(supervisor, number))

    async def _run(self, supervisor: Supervisor, number: int) -> None:
        if len(self._supervisors) > 1:
            structlog.contextvars.bind_contextvars(worker=number)  # in every line of the log that is about this one
        try:
            await supervisor.run()
        except* SetupError as group:
            self._go_on_without(supervisor.status, group.exceptions[0])

    def _go_on_without(self, status: EngineStatus, error: BaseException) -> None:
        """This device is not used until the next start; ``error`` is raised if it was the last one."""
        status.state, status.phase = "failed", str(error)
        self._without.append(status)
        if len(self._without) == len(self._supervisors):
            raise error
        log.error("this device cannot be used; going on without it", device=status.device, reason=str(error))

    def _on_ready(self, _: EngineStatus) -> None:
        if not self._announced:
            self._announced = True
            self._announce(self.engines)
