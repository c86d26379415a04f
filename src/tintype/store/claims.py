"""What a worker asks of the store about jobs: give me some, this one said something, this one is over.

A running job belongs to one attempt of one worker. Whatever a worker writes names that attempt; once the job
was given to another, it changes nothing.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Integer, bindparam, func, insert, null, select, update

from tintype.core import Failure, Job, LogLine, Result, State
from tintype.errors import CANCELLED, ServiceRefused
from tintype.store.bus import OWED
from tintype.store.database import Database, Transaction, light_verb, verb
from tintype.store.tables import IS_QUEUED, IS_RUNNING, as_job, attempts, charges, jobs, logs, now

HELD: ColumnElement[bool] = (
    (jobs.c.id == bindparam("of_job"))
    & IS_RUNNING
    & (jobs.c.worker == bindparam("of_worker"))
    & (jobs.c.attempt == bindparam("of_attempt"))
)
"""The fence: true of a job's row only while that attempt of that worker runs. Its parameters: :func:`attempt_of`."""

_OLDEST = (
    select(jobs.c.seq)
    .where(IS_QUEUED, jobs.c.start_deadline.is_(None) | (jobs.c.start_deadline > now()))
    .order_by(jobs.c.priority, jobs.c.seq)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("oldest")  # a CTE is read once; a plain subquery PostgreSQL may read again, and so exceed the limit
)
START = (
    update(jobs)
    .where(jobs.c.seq.in_(select(_OLDEST.c.seq)))
    .values(
        state=State.RUNNING,
        attempt=jobs.c.attempt + 1,
        worker=bindparam("to_worker"),
        claim=bindparam("token"),
        started_at=now(),
        start_deadline=null(),  # it was kept; a job that is queued again may wait
    )
    .returning(jobs)
)
BEGIN_ATTEMPT = insert(attempts)
LOCK = select(jobs.c.id).where(HELD).with_for_update()
COUNT_LINES = select(func.coalesce(func.max(logs.c.n), 0)).where(logs.c.job_id == bindparam("of_job"))
ADD_LINE = insert(logs).values(time=func.coalesce(bindparam("said_at", type_=logs.c.time.type), now()))
END = (
    update(jobs)
    .where(HELD)
    .values(
        state=bindparam("new_state"),
        result=bindparam("new_result", type_=jobs.c.result.type),
        failure=bindparam("new_failure", type_=jobs.c.failure.type),
        finished_at=now(),
    )
)
END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.job_id == bindparam("of_job"), attempts.c.attempt == bindparam("of_attempt"))
    .values(ended_at=now(), outcome=bindparam("new_outcome"))
)
CHARGE = insert(charges).values(time=now())


class Claims:
    """The verbs of those who make pictures."""

    database: Database
    unanswered: dict[str, str]
    """Per worker, the claim that ended without an answer: it may have been committed."""

    async def claim(self, worker_id: str, limit: int) -> list[Job]:
        """Start up to ``limit`` jobs, the oldest of the highest priority first.

        One claim at a time per worker. One whose answer was lost with the connection is answered by the next.
        """
        lost = self.unanswered.pop(worker_id, None)
        token = lost or uuid4().hex
        try:
            return await self._claim(worker_id, limit, token, lost is not None)
        except ServiceRefused:
            self.unanswered[worker_id] = token
            raise

    @light_verb  # one that is undone leaves the job in the queue
    async def _claim(self, transaction: Transaction, worker_id: str, limit: int, token: str, lost: bool) -> list[Job]:
        rows: Sequence[Any] = ()
        if lost or transaction.repeated:
            mine = select(jobs).where(IS_RUNNING, jobs.c.worker == worker_id, jobs.c.claim == token)
            rows = (await transaction.execute(mine)).all()
        if not rows:
            taken = {"to_worker": worker_id, "token": token, "most": limit}
            rows = (await transaction.execute(START, taken)).all()
            if rows:
                await transaction.execute(BEGIN_ATTEMPT, [_attempt(row) for row in rows])
        transaction.wake(*(row.id for row in rows))
        return [as_job(row) for row in sorted(rows, key=lambda row: (row.priority, row.seq))]

    @light_verb
    async def log(self, transaction: Transaction, job: Job, lines: Sequence[LogLine]) -> bool:
        """Append lines to the job's log; twice if an answer was lost. False if the attempt is over."""
        # Locked, so that another writer of this job cannot take the same numbers.
        current = await transaction.execute(LOCK, attempt_of(job))
        if current.one_or_none() is None:
            return False
        await _append(transaction, job.id, lines)
        return True

    async def finish(self, job: Job, result: Result, lines: Sequence[LogLine] = ()) -> bool:
        """The job is done, and ``lines`` are the last of its log. False: it was no longer this attempt's.

        The result is not kept then. The same again, after an answer that got lost, is True again.
        """
        return await self._end(job, State.DONE, lines, result=result)

    async def fail(self, job: Job, failure: Failure, lines: Sequence[LogLine] = ()) -> bool:
        """The job produced nothing and never will. False: it was no longer this attempt's."""
        return await self._end(job, State.FAILED, lines, failure=failure)

    async def cancelled(self, job: Job, lines: Sequence[LogLine] = ()) -> bool:
        """The job was stopped because its submitter asked for it. False: it was no longer this attempt's."""
        return await self._end(job, State.CANCELLED, lines, failure=CANCELLED)

    @verb
    async def _end(
        self,
        transaction: Transaction,
        job: Job,
        state: State,
        lines: Sequence[LogLine],
        result: Result | None = None,
        failure: Failure | None = None,
    ) -> bool:
        told = {
            "new_state": state,
            "new_result": result and result.to_json(),
            "new_failure": failure and failure.to_json(),
        }
        if (await transaction.execute(END, attempt_of(job) | told)).rowcount == 0:
            mine = (jobs.c.id == job.id) & (jobs.c.worker == job.worker) & (jobs.c.attempt == job.attempt)
            row = (await transaction.execute(select(jobs).where(mine))).one_or_none()
            stored = as_job(row) if row else job
            return (stored.state, stored.result, stored.failure) == (state, result, failure)
        await _append(transaction, job.id, lines)
        await transaction.execute(END_ATTEMPT, {"of_job": job.id, "of_attempt": job.attempt, "new_outcome": state})
        if result is not None:
            await transaction.execute(CHARGE, _charge(job, result))
        transaction.wake(job.id, *([OWED] if job.terms.webhook else []))
        return True


def attempt_of(job: Job) -> dict[str, Any]:
    """Which attempt of which worker a statement is about."""
    return {"of_job": job.id, "of_worker": job.worker, "of_attempt": job.attempt}


async def _append(transaction: Transaction, job_id: str, lines: Sequence[LogLine]) -> None:
    """Add lines to the log of a job whose row the transaction has locked."""
    if not lines:
        return
    written: int = (await transaction.execute(COUNT_LINES, {"of_job": job_id})).scalar_one()
    rows = [
        {
            "job_id": job_id,
            "n": n,
            "said_at": line.time or None,
            "level": line.level,
            "source": line.source,
            "message": line.message,
        }
        for n, line in enumerate(lines, start=written + 1)
    ]
    await transaction.execute(ADD_LINE, rows)
    transaction.wake(job_id)


def _charge(job: Job, result: Result) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "account": job.account,
        "endpoint": job.endpoint,
        "megapixels": result.megapixels,
        "megapixel_price": job.terms.megapixel_price,
        "surcharge": job.terms.expansion_price if result.expanded else 0.0,
    }


def _attempt(row: Any) -> dict[str, Any]:
    return {"job_id": row.id, "attempt": row.attempt, "worker": row.worker, "started_at": row.started_at}
