"""The log of one attempt, on its way to the store: a line holds nobody up, and what comes fast is written together."""

import asyncio

import structlog

from tintype.core import Job, LogLine
from tintype.errors import ServiceRefused
from tintype.store import Store

TOGETHER_SECONDS = 0.01
"""What is said within so short a time is written at once."""

log = structlog.get_logger(__name__)


class JobLog:
    """Lines of one attempt, in their order."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store = store
        self._job = job
        self._waiting: list[LogLine] = []
        self._hand = asyncio.Lock()
        """Held by whoever writes: lines are taken in their order."""
        self._soon: asyncio.Task[None] | None = None

    def say(self, line: LogLine) -> None:
        """Add a line; it is written in a moment, after those before it."""
        self._waiting.append(line)
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._write_soon())

    async def flush(self) -> None:
        """Write what was said."""
        async with self._hand:
            lines, self._waiting = self._waiting, []
            if not lines:
                return
            try:
                await self._store.log(self._job, lines)
            except ServiceRefused as away:  # a picture is not given up for the sake of a line
                log.warning("lines lost", job=self._job.id, reason=str(away))

    async def rest(self) -> list[LogLine]:
        """What was said last and is not written yet: for whoever writes down how the attempt ended, in one go."""
        async with self._hand:
            lines, self._waiting = self._waiting, []
            return lines

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(TOGETHER_SECONDS)
            await self.flush()
