"""The worker: claims jobs, has its engine child paint them, stores the pictures, finishes the rows.

It alone owns its child and its claims. Whatever dies, the row tells the truth: a job whose child died is queued again,
and a job whose worker died is taken back when the lease runs out (or, embedded, at the next start).
"""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from tintype import images, messages
from tintype.core import ImageFile, Job, LogLine, Params, Result
from tintype.errors import INTERNAL, SetupError
from tintype.files import FileStore
from tintype.store.bus import Bus, worker_topic
from tintype.store.store import Store
from tintype.worker.engine_process import EngineDied, EngineProcess

LEASE_SECONDS = 10.0
RENEW_SECONDS = 1.0
POLL_SECONDS = 1.0
"""The longest that a lost wake-up delays a job."""
SILENCE_SECONDS = 600.0
"""A child that reports nothing for so long while it works has hung."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class EngineStatus:
    """What the health page and the banner say about the engine."""

    state: str = "starting"
    """starting, ready or failed."""
    phase: str = "starting the engine"
    model: str = ""
    version: str = ""
    checksum: str = ""
    device: str = ""
    dtype: str = ""
    not_built: dict[str, str] = field(default_factory=lambda: dict(NOT_BUILT))
    """Fields of the API that are accepted and recorded but change nothing yet: field -> plain words."""


NOT_BUILT = {
    "enable_safety_checker": "safety checker: not built yet; no picture is checked",
    "enable_prompt_expansion": "prompt expansion: not built yet; the prompt is used as given",
    "acceleration": "acceleration: not built yet; every level runs as 'none'",
}


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
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.status = status
        self._store = store
        self._bus = bus
        self._files = files
        self._engine = engine
        self._max_attempts = max_attempts
        self._announce = announce

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            SetupError: the engine could not start even once.
        """
        await self._store.register(self.id, socket.gethostname(), self.status.device)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_lease())
                group.create_task(self._keep_engine())
        finally:
            await self._engine.stop()
            await self._store.retire(self.id)  # queues again what was being painted

    async def _keep_engine(self) -> None:
        """Start the child, work until it dies, start it again."""
        started_once, pause = False, 1.0
        while True:
            try:
                ready = await self._engine.start(self._on_phase)
                self._on_ready(ready)
                if not started_once:
                    self._announce(self.status)
                started_once, pause = True, 1.0
                await self._work_forever()
            except EngineDied as death:
                log.error("engine died", reason=str(death), pid=self._engine.pid)
            except SetupError as error:
                self.status.state, self.status.phase = "failed", str(error)
                if not started_once:
                    raise
                log.error("engine cannot start again", reason=str(error))
            if self.status.state != "ready":
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)
            self.status.state, self.status.phase = "starting", "starting the engine again"

    def _on_phase(self, text: str) -> None:
        self.status.phase = text
        log.info(text)

    def _on_ready(self, ready: messages.Ready) -> None:
        status = self.status
        status.model, status.version, status.checksum = ready.model, ready.version, ready.checksum
        status.device, status.dtype = ready.device, ready.dtype
        status.state, status.phase = "ready", "ready"
        log.info("engine ready", model=ready.model, device=ready.device, seconds=round(ready.seconds, 1))

    async def _work_forever(self) -> None:
        """Claim and work, one job at a time; ends only with :class:`EngineDied`."""
        with self._bus.subscribe("work") as wake:
            while True:
                jobs = await self._store.claim(self.id, 1)
                for job in jobs:
                    await self._work(job)
                if not jobs:
                    await wake.wait(POLL_SECONDS)

    async def _work(self, job: Job) -> None:
        """One attempt at one job: finished, failed, cancelled, or queued again if the child died."""
        assert job.params is not None, "only validated jobs are queued"
        try:
            await self._paint(job, job.params)
        except EngineDied as death:
            state = await self._store.requeue(job, self._max_attempts, str(death))
            log.warning("job interrupted", job=job.id, attempt=job.attempt, state=str(state))
            raise
        except Exception:  # such as a full disk: this job fails, the next may not
            log.exception("job failed by a mistake of ours", job=job.id)
            self._engine.send(messages.Cancel(job.id))
            await self._store.fail(job, INTERNAL)

    async def _paint(self, job: Job, params: Params) -> None:
        """Send the job to the child and act on every report until its outcome."""
        await self._store.log(job, self._opening_lines(job, params))
        self._engine.send(
            messages.Generate(
                job_id=job.id,
                prompt=params.prompt,
                width=params.width,
                height=params.height,
                steps=params.steps,
                seed=params.seed,
                images=params.images,
            )
        )
        saved: list[ImageFile] = []
        while True:
            report = await self._hear_about(job)
            match report:
                case messages.StepDone():
                    await self._store.log(job, [LogLine(_step_text(report, params.images))])
                case messages.PictureDone():
                    saved.append(await self._save(job, params, report))
                case messages.Finished():
                    await self._store.finish(job, _result(params, saved, report.seconds))
                    return
                case messages.Stopped():
                    await self._files.delete_prefix(_prefix(job, params))
                    await self._store.cancelled(job)
                    return
                case messages.Failed():
                    await self._store.fail(job, report.failure)
                    return

    async def _hear_about(self, job: Job) -> messages.JobReport:
        """The child's next report about this job; what it still says about an earlier one is dropped."""
        while True:
            report = await self._engine.hear(SILENCE_SECONDS)
            if isinstance(report, messages.JobReport) and report.job_id == job.id:
                return report

    def _opening_lines(self, job: Job, params: Params) -> list[LogLine]:
        """What the user should know before the first step, unbuilt features they asked for included."""
        status = self.status
        retry = f" (attempt {job.attempt})" if job.attempt > 1 else ""
        size = f"{params.width}x{params.height}, {params.steps} steps, seed {params.seed}"
        lines = [LogLine(f"{status.model} {status.version} on {status.device}{retry}: {size}")]
        asked = {
            "enable_safety_checker": params.check_safety,
            "enable_prompt_expansion": params.expand_prompt,
            "acceleration": params.acceleration != "none",
        }
        lines += [LogLine(text, level="WARN") for name, text in status.not_built.items() if asked.get(name)]
        return lines

    async def _save(self, job: Job, params: Params, picture: messages.PictureDone) -> ImageFile:
        """Encode one picture and put it where its address will point."""
        started = time.perf_counter()
        data = await asyncio.to_thread(images.encode, picture.pixels, picture.width, picture.height, params.format)
        key = f"{_prefix(job, params)}/{job.attempt}/{picture.image}.{images.extension(params.format)}"
        await self._files.put(key, data)
        seconds = time.perf_counter() - started
        text = f"image {picture.image + 1}/{params.images} saved, {len(data) / 1000:.0f} kB, {seconds:.2f} s"
        await self._store.log(job, [LogLine(text)])
        return ImageFile(key, images.content_type(params.format), len(data), picture.width, picture.height)

    async def _keep_lease(self) -> None:
        """Renew the claim on running jobs; pass on wishes to cancel; take back jobs of workers that died."""
        with self._bus.subscribe(worker_topic(self.id)) as wake:
            while True:
                for job_id in await self._store.renew(self.id, LEASE_SECONDS):
                    self._cancel(job_id)
                await self._store.reap(self._max_attempts)
                await wake.wait(RENEW_SECONDS)

    def _cancel(self, job_id: str) -> None:
        try:
            self._engine.send(messages.Cancel(job_id))
        except EngineDied:
            return  # the job is being queued again; the wish to cancel is kept in its row


def _prefix(job: Job, params: Params) -> str:
    """Where a job's files lie; inline ones are never served by address."""
    return f"inline/{job.id}" if params.inline else job.id


def _result(params: Params, saved: list[ImageFile], seconds: float) -> Result:
    return Result(
        images=tuple(saved),
        seed=params.seed,
        prompt=params.prompt,
        flagged=(False,) * len(saved),
        timings={"inference": round(seconds, 4)},
    )


def _step_text(step: messages.StepDone, images: int) -> str:
    of_image = f"image {step.image + 1}/{images}, " if images > 1 else ""
    return f"{of_image}step {step.step}/{step.steps}, {step.seconds:.2f} s"
