"""The worker: claims jobs, has them painted, writes down what became of them.

It alone owns its engine child and its claims. Whatever dies, the row tells the truth: a job whose child died is queued
again, and a job whose worker died is taken back when the lease runs out (or, with SQLite, at the next start).
"""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Callable

import structlog

from tintype import messages
from tintype.core import Job
from tintype.errors import INTERNAL, ServiceRefused, SetupError
from tintype.files import FileStore
from tintype.store import Bus, Store
from tintype.store.bus import WORK, worker_topic
from tintype.store.leases import LEASE
from tintype.worker.engine_process import EngineDied, EngineProcess
from tintype.worker.finishing import Finishing, until_written
from tintype.worker.joblog import JobLog
from tintype.worker.painting import paint
from tintype.worker.saving import forget
from tintype.worker.status import UNCHECKED, EngineStatus

POLL_SECONDS = 1.0
"""The longest that a lost wake-up delays a job, or a dead engine goes unnoticed."""
LONGEST_PAUSE = 30.0
"""Seconds between two starts of an engine that does not come up."""

log = structlog.get_logger(__name__)


class Supervisor:
    """One worker with one engine child."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        files: FileStore,
        engine: EngineProcess,
        status: EngineStatus,
        max_attempts: int,
        announce: Callable[[EngineStatus], None],
    ) -> None:
        """``announce`` is called once, when the engine can paint for the first time."""
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.status = status
        self._store = store
        self._bus = bus
        self._files = files
        self._engine = engine
        self._finishing = Finishing(store, files)
        self._max_attempts = max_attempts
        self._announce = announce

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            SetupError: the engine could not start even once; in an ExceptionGroup.
        """
        await self._register()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_lease())
                group.create_task(self._keep_engine())
        finally:
            await self._engine.stop()
            await self._finishing.stop()
            await self._retire()

    async def _keep_engine(self) -> None:
        """Start the engine, work until it dies, start it again."""
        announced, pause = False, 1.0
        while True:
            try:
                self._on_ready(await self._engine.start(self._on_phase))
                if not announced:
                    self._announce(self.status)
                announced, pause = True, 1.0
                await self._work_forever()
            except EngineDied as death:
                if not announced:
                    raise SetupError(f"The engine could not start: {death}") from death
                log.error("engine died", reason=str(death))
            except SetupError as error:
                if not announced:
                    raise
                self.status.state, self.status.phase = "failed", str(error)
                log.error("engine cannot start again", reason=str(error))
            if self.status.state != "ready":
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            self.status.state, self.status.phase = "starting", "starting the engine again"

    def _on_phase(self, text: str) -> None:
        self.status.phase = text
        log.info(text)

    def _on_ready(self, ready: messages.Ready) -> None:
        status = self.status
        status.model, status.version, status.checksum = ready.model, ready.version, ready.checksum
        status.device, status.dtype = ready.device, ready.dtype
        status.safety_checker, status.acceleration = ready.safety_checker, ready.acceleration
        status.pid = self._engine.pid
        status.state, status.phase = "ready", "ready"
        log.info("engine ready", model=ready.model, device=ready.device, seconds=round(ready.seconds, 1))
        if text := UNCHECKED[ready.safety_checker]:
            log.warning(text)

    async def _work_forever(self) -> None:
        """Claim and work, one job at a time on the engine; ends only with :class:`EngineDied`."""
        with self._bus.subscribe(WORK) as wake:
            while True:
                self._finishing.check()
                self._engine.check()
                jobs: list[Job] = []
                try:
                    jobs = await self._store.claim(self.id, 1)
                except ServiceRefused as away:
                    log.warning("nothing can be claimed", reason=str(away))
                for job in jobs:
                    await self._work(job)
                if not jobs:
                    await wake.wait(POLL_SECONDS)

    async def _work(self, job: Job) -> None:
        """One attempt at one job: have it painted; its row ends beside the next one, or is queued again here."""
        assert job.params is not None, "only validated jobs are queued"
        book = JobLog(self._store, job)
        try:
            painted = await paint(
                job, job.params, self._engine, self.status, self._files, book.say, self._finishing.last
            )
        except EngineDied as death:
            reason = str(death)
            await book.flush()
            state = await until_written(lambda: self._store.requeue(job, self._max_attempts, reason))
            await forget(job, self._files)
            log.warning("job interrupted", job=job.id, attempt=job.attempt, state=str(state))
            raise
        except Exception:  # such as a full disk: this job fails, the next may not
            log.exception("job failed by a mistake of ours", job=job.id)
            self._cancel(job.id)
            painted = INTERNAL
        await self._finishing.begin(job, painted, book)

    async def _register(self) -> None:
        await self._store.register(self.id, socket.gethostname(), self._engine.device)

    async def _retire(self) -> None:
        """What was being painted is queued again: now, or when the lease runs out."""
        try:
            await self._store.retire(self.id)
        except ServiceRefused as away:
            log.warning("the worker could not sign off", reason=str(away))

    async def _keep_lease(self) -> None:
        """Renew the claim on running jobs; pass on wishes to cancel; take back jobs of workers that died."""
        renewed = time.time()
        others_since = 0.0  # from when on the others, too, could renew theirs
        with self._bus.subscribe(worker_topic(self.id)) as wake:
            while True:
                try:
                    await self._renew()
                    if time.time() - renewed > LEASE / 2:  # no database, or this machine slept: nobody could
                        others_since = time.time()
                    renewed = time.time()
                    if renewed - others_since > LEASE:
                        await self._store.reap(self._max_attempts)
                    await self._store.expire()
                except ServiceRefused as away:
                    log.warning("the lease could not be renewed", reason=str(away))
                await wake.wait(POLL_SECONDS)

    async def _renew(self) -> None:
        try:
            for job_id in await self._store.renew(self.id, LEASE):
                self._cancel(job_id)
        except LookupError:  # the row is gone, and our jobs were given to others
            await self._register()

    def _cancel(self, job_id: str) -> None:
        try:
            self._engine.send(messages.Cancel(job_id))
        except EngineDied:
            return  # whoever waits for its reports hears of that too
