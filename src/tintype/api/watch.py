"""What this process knows of the jobs that somebody looks at: a client asks ten times a second, and a look is no query.

A job is read again when the bus says that it changed, and in any case when what is known is too old: other processes
on the same database are not heard.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field, replace

from tintype.core import Job, LogLine
from tintype.store import Bus, Store, Subscription

MAX_WATCHED = 2000
"""Jobs kept in mind; those not asked for lately go first."""
REMEMBERED_SECONDS = 60.0
"""For so long a job is kept in mind that nobody asks for."""
LINEUP_SECONDS = 0.1
"""How old a position in the queue may be."""
LINEUP_LENGTH = 1000
"""Positions beyond it are counted one by one ..."""
COUNTED_SECONDS = 2.0
"""... and may be as old as this."""

ID = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(slots=True)
class Sight:
    """A job as it was last seen."""

    subscription: Subscription
    job: Job | None = None
    lines: list[LogLine] = field(default_factory=list[LogLine])
    read_at: float = float("-inf")
    rendered: dict[tuple[str, bool], bytes] = field(default_factory=dict[tuple[str, bool], bytes])
    """Whatever its watcher made of it; emptied when it changes."""
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: float = 0.0
    position: int = 0
    position_at: float = float("-inf")
    """For one that stands beyond the line-up."""


class Watch:
    """For the requests of one process."""

    def __init__(self, store: Store, bus: Bus, max_age: float) -> None:
        """``max_age``: seconds after which a job is read again although nothing was heard of it."""
        self._store = store
        self._bus = bus
        self._max_age = max_age
        self._sights: dict[str, Sight] = {}
        self._lineup: dict[str, int] = {}
        self._lineup_at = float("-inf")
        self._lining_up = asyncio.Lock()

    async def look(self, job_id: str) -> Sight | None:
        """The job and its log lines as they stand; None: there is no such job."""
        if not ID.fullmatch(job_id):  # such as one with a NUL, which PostgreSQL takes for no text
            return None
        sight = self._sights.pop(job_id, None) or self._begin(job_id)
        self._sights[job_id] = sight  # the last asked for stands last
        sight.asked_at = time.monotonic()
        if not self._is_current(sight):
            async with sight.reading:
                if not self._is_current(sight):
                    await self._read(job_id, sight)
        if sight.job is None:
            self._forget(job_id)
            return None
        return sight

    async def position(self, job: Job) -> int:
        """How many jobs will be started before this one."""
        if not self._is_lined_up(job):
            async with self._lining_up:
                if not self._is_lined_up(job):
                    ids = await self._store.lineup(LINEUP_LENGTH)
                    self._lineup, self._lineup_at = {job_id: n for n, job_id in enumerate(ids)}, time.monotonic()
        known = self._lineup.get(job.id)
        return await self._counted(job) if known is None else known

    async def _counted(self, job: Job) -> int:
        sight = self._sights.get(job.id)
        if sight is None:
            return await self._store.position(job)
        if time.monotonic() - sight.position_at > COUNTED_SECONDS:
            sight.position_at = time.monotonic()
            sight.position = await self._store.position(job)
        return sight.position

    def _is_lined_up(self, job: Job) -> bool:
        # A job that is missing came later than the line-up, unless that is as long as it may be.
        is_told = job.id in self._lineup or len(self._lineup) == LINEUP_LENGTH
        return is_told and time.monotonic() - self._lineup_at < LINEUP_SECONDS

    def _is_current(self, sight: Sight) -> bool:
        return not sight.subscription.is_woken and time.monotonic() - sight.read_at < self._max_age

    async def _read(self, job_id: str, sight: Sight) -> None:
        # Answered before it is read: what changes meanwhile is a new wake-up.
        sight.subscription.answer()
        try:
            job, lines = await self._look(job_id, len(sight.lines))
        except BaseException:
            sight.subscription.wake()  # whoever asks next must not take the old for the new
            raise
        if sight.job is not None and sight.job.state.is_final and job != sight.job:  # what was in it was forgotten
            sight.lines.clear()
            job, lines = await self._look(job_id, 0)
        if lines or job != sight.job:
            sight.job = job
            sight.lines.extend(lines)
            sight.rendered.clear()
        sight.read_at = time.monotonic()

    async def _look(self, job_id: str, after: int) -> tuple[Job | None, list[LogLine]]:
        """Without what was asked: it may be long, and neither a status nor a result tells it."""
        job, lines = await self._store.look(job_id, after)
        return job and replace(job, input=None, params=None), lines

    def _begin(self, job_id: str) -> Sight:
        forgotten = time.monotonic() - REMEMBERED_SECONDS
        while self._sights:
            oldest = next(iter(self._sights))
            if len(self._sights) < MAX_WATCHED and self._sights[oldest].asked_at > forgotten:
                break
            self._forget(oldest)
        return Sight(self._bus.subscribe(job_id).__enter__())

    def _forget(self, job_id: str) -> None:
        sight = self._sights.pop(job_id, None)
        if sight is not None:
            sight.subscription.__exit__()
