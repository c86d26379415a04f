"""The log of one attempt, on its way to the store: a line holds nobody up, and what comes fast is written together."""

import asyncio

import structlog

from tintype.core import Job, LogLine
from tintype.errors import ServiceRefused
from tintype.store import Store

log = structlog.get_logger(__name__)


class JobLog:
    """Lines of one attempt, in their order."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store = store
        self._job = job
        self._waiting: list[LogLine] = []
        self._writing: asyncio.Task[None] | None = None

    def say(self, line: LogLine) -> None:
        """Add a line; it is written as soon as the one before it is."""
        self._waiting.append(line)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def flush(self) -> None:
        """Wait until everything said is written."""
        while self._writing is not None and not self._writing.done():
            await self._writing

    async def rest(self) -> list[LogLine]:
        """What was said last and is not written yet: for whoever writes down how the attempt ended, in one go."""
        waiting, self._waiting = self._waiting, []
        await self.flush()
        return waiting

    async def _write(self) -> None:
        while self._waiting:
            lines, self._waiting = self._waiting, []
            try:
                await self._store.log(self._job, lines)
            except ServiceRefused as away:  # a picture is not given up for the sake of a line
                log.warning("lines lost", job=self._job.id, reason=str(away))
