"""Who is alive, and what becomes of the jobs of the dead.

A worker promises to be alive for some seconds and renews the promise. When it runs out, its jobs go back to
where they stood in the queue, or fail if that happened too often. A job whose cancellation was asked for is
cancelled.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, case, delete, exists, literal, null, select, update

from tintype.core import Failure, Job, Kind, State
from tintype.errors import CANCELLED, WORKER_LOST
from tintype.store.bus import OWED, WORK
from tintype.store.claims import END_ATTEMPT, HELD, attempt_of
from tintype.store.database import Database, Transaction, Values, light_verb, verb
from tintype.store.deliveries import release
from tintype.store.tables import IS_QUEUED, IS_RUNNING, jobs, now, workers

LEASE = 10.0
"""Seconds a worker is taken for alive without renewing."""

SERVER_LOST = Failure(503, "The server was restarted while it ran this request", "runner_disconnected")
"""The result of a job whose caller's connection ended with the server."""


class Leases:
    """The verbs about workers."""

    database: Database

    @light_verb
    async def register(self, transaction: Transaction, worker_id: str, host: str, device: str) -> None:
        """A worker is there, with a first lease of ten seconds."""
        values = {"host": host, "device": device, "started_at": now(), "lease_until": now() + LEASE}
        insert = transaction.insert(workers).values(id=worker_id, **values)
        await transaction.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))

    @light_verb
    async def renew(self, transaction: Transaction, worker_id: str, lease_seconds: float) -> set[str]:
        """The worker is alive for so much longer. Returns which of its running jobs are to be cancelled.

        LookupError: it is not registered.
        """
        lease = update(workers).where(workers.c.id == worker_id).values(lease_until=now() + lease_seconds)
        if (await transaction.execute(lease)).rowcount == 0:
            raise LookupError(f"Worker {worker_id} is not registered")
        unwanted = select(jobs.c.id).where(IS_RUNNING, jobs.c.worker == worker_id, jobs.c.cancel_at.is_not(None))
        return set((await transaction.execute(unwanted)).scalars())

    @verb
    async def retire(self, transaction: Transaction, worker_id: str) -> None:
        """The worker stops in good order: what it still runs is queued again, however often that happened."""
        await _give_back(transaction, jobs.c.worker == worker_id, None, "worker stopped")
        await transaction.execute(delete(workers).where(workers.c.id == worker_id))

    @verb
    async def forget_workers(self, transaction: Transaction, before: float) -> None:
        """Delete those whose lease ran out before that time (seconds since 1970)."""
        await transaction.execute(delete(workers).where(workers.c.lease_until < before))

    @verb
    async def requeue(self, transaction: Transaction, job: Job, max_attempts: int, reason: str) -> State:
        """This attempt came to nothing: try again. Returns the state the job is in now.

        ``reason`` is kept with the attempt. If the attempt was over already, nothing changes.
        LookupError: there is no such job.
        """
        await _give_back(transaction, HELD, max_attempts, reason, attempt_of(job))
        row = (await transaction.execute(select(jobs.c.state).where(jobs.c.id == job.id))).one_or_none()
        if row is None:
            raise LookupError(f"There is no job {job.id}")
        return State(row.state)

    @verb
    async def reap(self, transaction: Transaction, max_attempts: int) -> int:
        """Take running jobs from workers whose lease ran out; returns how many. Any process may do it."""
        alive = exists().where(workers.c.id == jobs.c.worker, workers.c.lease_until > now())
        orphans = select(jobs.c.seq).where(IS_RUNNING, ~alive).with_for_update(skip_locked=True).cte("orphans")
        return await _give_back(transaction, jobs.c.seq.in_(select(orphans.c.seq)), max_attempts, "worker lost")

    @verb
    async def recover(self, transaction: Transaction, max_attempts: int) -> int:
        """At the start of a server that runs everything itself: nothing that is called running runs any more.

        Running jobs are queued again; jobs of callers that waited on a connection fail, for it is gone; deliveries
        that were being made are owed again.
        Returns how many were running. Never call it beside another server on the same database.
        """
        abandoned = (
            update(jobs)
            .where(IS_QUEUED | IS_RUNNING, jobs.c.kind == Kind.SYNC.value)
            .values(state=State.FAILED, failure=SERVER_LOST.to_json(), finished_at=now(), worker=None)
            .returning(jobs.c.id, jobs.c.attempt, jobs.c.started_at)
        )
        failed = (await transaction.execute(abandoned)).all()
        started = [row for row in failed if row.attempt]
        await _close(transaction, started, "server restarted")
        transaction.wake(*(row.id for row in failed), OWED)
        await transaction.execute(delete(workers))
        given_back = await _give_back(transaction, IS_RUNNING, max_attempts, "server restarted")
        await release(transaction)
        return given_back + len(started)


async def _give_back(
    transaction: Transaction,
    which: ColumnElement[bool],
    max_attempts: int | None,
    reason: str,
    values: Values | None = None,
) -> int:
    """Take those of ``which`` that run from their workers: cancelled if asked for, failed if started
    ``max_attempts`` times, else queued again, in their old place. Returns how many."""
    unwanted = jobs.c.cancel_at.is_not(None)
    spent = jobs.c.retry.is_(False) | (jobs.c.attempt >= max_attempts) if max_attempts is not None else literal(False)
    take = (
        update(jobs)
        .where(IS_RUNNING, which)
        .values(
            state=case((unwanted, State.CANCELLED.value), (spent, State.FAILED.value), else_=State.QUEUED.value),
            failure=case(
                (unwanted, literal(CANCELLED.to_json(), JSON)),
                (spent, literal(WORKER_LOST.to_json(), JSON)),
                else_=null(),
            ),
            finished_at=case((unwanted | spent, now()), else_=null()),
            started_at=case((unwanted | spent, jobs.c.started_at), else_=null()),
            worker=None,
        )
        .returning(jobs.c.id, jobs.c.attempt, jobs.c.state)
    )
    taken = (await transaction.execute(take, values)).all()
    await _close(transaction, taken, reason)
    transaction.wake(*(row.id for row in taken))
    transaction.wake(*{WORK if row.state == State.QUEUED else OWED for row in taken})
    return len(taken)


async def _close(transaction: Transaction, rows: Sequence[Any], reason: str) -> None:
    for row in rows:
        await transaction.execute(END_ATTEMPT, {"of_job": row.id, "of_attempt": row.attempt, "new_outcome": reason})
