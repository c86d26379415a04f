"""What this process knows of the jobs that somebody looks at: a client asks ten times a second, and a look is no query.

A job is read again when the bus says that it changed, and in any case when what is known is too old: other processes
on the same database are not heard.
"""

import asyncio
import time
from dataclasses import dataclass, field

from tintype.core import Job, LogLine
from tintype.store import Bus, Store, Subscription

MAX_WATCHED = 2000
"""Jobs kept in mind; those not asked for lately go first."""
LINEUP_SECONDS = 0.1
"""How old a position in the queue may be."""
LINEUP_LENGTH = 1000
"""Positions beyond it are counted one by one."""


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
        sight = self._sights.pop(job_id, None) or self._begin(job_id)
        self._sights[job_id] = sight  # the last asked for stands last
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
        return await self._store.position(job) if known is None else known

    def _is_lined_up(self, job: Job) -> bool:
        return job.id in self._lineup and time.monotonic() - self._lineup_at < LINEUP_SECONDS

    def _is_current(self, sight: Sight) -> bool:
        return not sight.subscription.is_woken and time.monotonic() - sight.read_at < self._max_age

    async def _read(self, job_id: str, sight: Sight) -> None:
        # Answered before it is read: what changes meanwhile is a new wake-up.
        sight.subscription.answer()
        job, lines = await self._store.look(job_id, after=len(sight.lines))
        if sight.job is not None and sight.job.state.is_final and job != sight.job:  # what was in it was forgotten
            sight.lines.clear()
            job, lines = await self._store.look(job_id, after=0)
        if lines or job != sight.job:
            sight.job = job
            sight.lines.extend(lines)
            sight.rendered.clear()
        sight.read_at = time.monotonic()

    def _begin(self, job_id: str) -> Sight:
        if len(self._sights) >= MAX_WATCHED:
            self._forget(next(iter(self._sights)))
        return Sight(self._bus.subscribe(job_id).__enter__())

    def _forget(self, job_id: str) -> None:
        sight = self._sights.pop(job_id, None)
        if sight is not None:
            sight.subscription.__exit__()
