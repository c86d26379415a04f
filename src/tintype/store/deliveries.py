"""What a deliverer asks of the store: which results are owed to a webhook, and what became of a try.

A job's row is the outbox. ``webhook_due`` is written when the job is submitted, so nothing that ends a job can forget
its webhook: once the job is over and the time has come, a delivery is owed. See docs/decisions/0012.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, insert, null, select, true, update

from tintype.core import Job
from tintype.store.bus import OWED
from tintype.store.database import Database, Transaction, light_verb, verb
from tintype.store.tables import IS_OWED, as_job, deliveries, jobs, now

LEASE = 60.0
"""Seconds for which a delivery is left to the one who took it."""
INTERRUPTED = "interrupted: the server was stopped while it waited for the answer"
"""What is known of a try that nobody lived to report."""
IS_OPEN: ColumnElement[bool] = deliveries.c.status.is_(None) & deliveries.c.error.is_(None)
"""The try was begun and nobody has told how it ended."""


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt at a delivery."""

    n: int
    """Counts from 1."""
    time: float
    """When it began, in seconds since 1970."""
    seconds: float = 0.0
    status: int | None = None
    """The HTTP status of the receiver's answer, if there was one."""
    error: str | None = None
    """Why it counts as failed. Neither this nor a status: it is being made."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A result that is owed to a webhook, or was."""

    seq: int
    """The place of its job in the order of submission; lists go on from there."""
    job: Job
    due: float | None
    """When it is tried next, in seconds since 1970; None: never again."""
    tries: tuple[Try, ...]

    @property
    def state(self) -> DeliveryState:
        """Still tried, taken by the receiver once, or given up."""
        if self.due is not None:
            return DeliveryState.PENDING
        taken = any(made.status is not None and 200 <= made.status <= 299 for made in self.tries)
        return DeliveryState.DELIVERED if taken else DeliveryState.FAILED


class Deliveries:
    """The verbs about webhooks."""

    database: Database

    @light_verb  # one that is undone leaves it owed
    async def owed(self, transaction: Transaction, limit: int, lease_seconds: float = LEASE) -> list[tuple[Job, int]]:
        """Begin up to ``limit`` deliveries that are due, the longest due first: each job and the number of this try.

        Nobody else is given them for ``lease_seconds``; what was not reported by then is tried again.
        """
        due = select(jobs.c.seq).where(IS_OWED, jobs.c.webhook_due <= now()).order_by(jobs.c.webhook_due).limit(limit)
        chosen = due.with_for_update(skip_locked=True).cte("chosen")
        take = (
            update(jobs)
            .where(jobs.c.seq.in_(select(chosen.c.seq)))
            .values(webhook_due=now() + lease_seconds)
            .returning(jobs)
        )
        taken = [as_job(row) for row in await transaction.execute(take)]
        if not taken:
            return []
        ids = [job.id for job in taken]
        await transaction.execute(_close(deliveries.c.job_id.in_(ids)))
        counted = select(deliveries.c.job_id, func.max(deliveries.c.n).label("n")).where(deliveries.c.job_id.in_(ids))
        before = {row.job_id: row.n for row in await transaction.execute(counted.group_by(deliveries.c.job_id))}
        begun = [(job, before.get(job.id, 0) + 1) for job in taken]
        rows = [{"job_id": job.id, "n": n, "time": now(), "seconds": 0.0} for job, n in begun]
        await transaction.execute(insert(deliveries).values(rows))
        return begun

    @verb
    async def tried(self, transaction: Transaction, job_id: str, made: Try, again_in: float | None) -> None:
        """Write down how a try ended. The next is owed in ``again_in`` seconds; None: nothing is owed any more.

        It counts for nothing if the lease ran out and another try was begun.
        """
        # Locked in the order that owed() locks: first the job, then its tries.
        await transaction.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
        mine = (deliveries.c.job_id == job_id) & (deliveries.c.n == made.n) & IS_OPEN
        told = {"seconds": made.seconds, "status": made.status, "error": made.error}
        if (await transaction.execute(update(deliveries).where(mine).values(told))).rowcount == 0:
            return
        due = null() if again_in is None else now() + again_in
        await transaction.execute(update(jobs).where(jobs.c.id == job_id).values(webhook_due=due))

    @verb
    async def deliveries(
        self,
        transaction: Transaction,
        *,
        account: str | None = None,
        job_id: str | None = None,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """Deliveries of jobs that are over, the last submitted first; of one account, of one job, in one state.

        ``before`` is the ``seq`` of the last one that was seen.
        """
        wanted = [
            _stands(state),
            true() if account is None else jobs.c.account == account,
            true() if job_id is None else jobs.c.id == job_id,
            true() if before is None else jobs.c.seq < before,
        ]
        page = select(jobs).where(*wanted).order_by(jobs.c.seq.desc()).limit(limit)
        rows = (await transaction.execute(page)).all()
        made = select(deliveries).where(deliveries.c.job_id.in_([row.id for row in rows])).order_by(deliveries.c.n)
        tries: dict[str, list[Try]] = {row.id: [] for row in rows}
        for row in await transaction.execute(made):
            tries[row.job_id].append(Try(row.n, row.time, row.seconds, row.status, row.error))
        return [Delivery(row.seq, as_job(row), row.webhook_due, tuple(tries[row.id])) for row in rows]

    @verb
    async def retry(self, transaction: Transaction, job_id: str) -> bool:
        """Owe this result now, whatever became of it before. False: it never was owed, or is being delivered."""
        being_tried = exists().where(deliveries.c.job_id == job_id, IS_OPEN)
        again = update(jobs).where(jobs.c.id == job_id, _stands(None), ~being_tried).values(webhook_due=now())
        owed = (await transaction.execute(again)).rowcount > 0
        if owed:
            transaction.wake(OWED)
        return owed


async def release(transaction: Transaction) -> None:
    """Whoever was delivering is gone: have it tried again at once."""
    gone = select(deliveries.c.job_id).where(IS_OPEN)
    await transaction.execute(update(jobs).where(IS_OWED, jobs.c.id.in_(gone)).values(webhook_due=now()))
    await transaction.execute(_close(true()))


def _close(which: ColumnElement[bool]) -> Any:
    return update(deliveries).where(which, IS_OPEN).values(error=INTERRUPTED)


def _stands(state: DeliveryState | None) -> ColumnElement[bool]:
    """True of the rows of jobs whose delivery is in that state; None: in any."""
    tried = select(deliveries.c.job_id)
    taken = tried.where(deliveries.c.status.between(200, 299))
    rests = jobs.c.webhook_due.is_(None)
    if state is None:
        return IS_OWED | jobs.c.id.in_(tried)
    if state is DeliveryState.PENDING:
        return IS_OWED
    if state is DeliveryState.DELIVERED:
        return rests & jobs.c.id.in_(taken)
    return rests & jobs.c.id.in_(tried) & jobs.c.id.not_in(taken)
