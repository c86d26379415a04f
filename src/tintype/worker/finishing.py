"""What is left to do for a job once the engine is through with it, done while the engine is at the next one.

Its row stays claimed until it ends, so a death at any moment queues it again. No more than one job is finished beside
the one being painted: a slow disk or database holds the worker up, not its memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from tintype.core import Failure, Job, LogLine, Result
from tintype.errors import CANCELLED, INTERNAL, ServiceRefused
from tintype.files import FileStore
from tintype.store import Store
from tintype.worker.joblog import JobLog
from tintype.worker.painting import Painted
from tintype.worker.saving import forget

PATIENCE = 5.0
"""Seconds that a stopping worker gives the job it has painted; then another attempt paints it again."""
AGAIN = 1.0
"""Seconds until what could not be written is tried again."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Finishing:
    """Stores the pictures and ends the row of one job at a time."""

    def __init__(self, store: Store, files: FileStore) -> None:
        self._store = store
        self._files = files
        self.last: asyncio.Task[None] | None = None
        """The job that is being finished, or was at last."""
        self._before: asyncio.Task[None] | None = None
        """The one before it."""

    async def begin(self, job: Job, painted: Painted | Failure, book: JobLog) -> None:
        """Finish this job as soon as the one before it is over; returns when that is."""
        self._before = before = self.last
        self.last = asyncio.create_task(self._finish(job, painted, book, before))
        if before is not None:
            await asyncio.wait([before])
            before.result()

    def check(self) -> None:
        """Raise what kept a job from ending: a mistake of ours, after which this worker must not go on."""
        if self.last is not None and self.last.done():
            self.last.result()

    async def stop(self) -> None:
        """Let what is painted end in good order, if that is soon; else leave it as it is."""
        if tasks := [task for task in (self._before, self.last) if task is not None]:
            await asyncio.wait(tasks, timeout=PATIENCE)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _finish(
        self, job: Job, painted: Painted | Failure, book: JobLog, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            outcome = painted if isinstance(painted, Failure) else await painted.outcome()
        except Exception:  # such as a full disk: this job fails, the next may not
            log.exception("job failed by a mistake of ours", job=job.id)
            outcome = INTERNAL
        _report(job, outcome)
        lines = await book.rest()
        counts = await until_written(lambda: self._settle(job, outcome, lines))
        if not counts or isinstance(outcome, Failure):
            await forget(job, self._files)

    def _settle(self, job: Job, outcome: Result | Failure, lines: Sequence[LogLine]) -> Awaitable[bool]:
        """Write down how the job ended; False if it was somebody else's by then."""
        if isinstance(outcome, Result):
            return self._store.finish(job, outcome, lines)
        if outcome is CANCELLED:
            return self._store.cancelled(job, lines)
        return self._store.fail(job, outcome, lines)


def _report(job: Job, outcome: Result | Failure) -> None:
    """One line in the server's log for each request; no prompt in it."""
    params = job.params
    assert params is not None, "only validated jobs are queued"
    size = f"{params.images}x {params.width}x{params.height}"
    if isinstance(outcome, Result):
        seconds, flagged = outcome.timings["inference"], sum(outcome.flagged)
        log.info("request done", id=job.id, size=size, steps=params.steps, seconds=seconds, flagged=flagged)
    else:
        log.info("request not done", id=job.id, size=size, status=outcome.status, why=outcome.error_type or "input")


async def until_written(write: Callable[[], Awaitable[T]]) -> T:
    """What has been done is not done until it is written: wait for the database as long as it takes."""
    while True:
        try:
            return await write()
        except ServiceRefused as away:
            log.warning("the database is away; a finished job waits for it", reason=str(away))
        await asyncio.sleep(AGAIN)
