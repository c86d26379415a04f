"""What a gateway asks of the store: submit, look, cancel, and forget what is old."""

from collections.abc import Sequence

from sqlalchemy import JSON, ColumnElement, bindparam, case, delete, func, literal, literal_column, null, select, update

from tintype.core import CancelOutcome, Job, Kind, LogLine, State
from tintype.errors import CANCELLED, NOT_STARTED
from tintype.store.bus import OWED, WORK, worker_topic
from tintype.store.database import Database, Transaction, verb
from tintype.store.tables import IS_QUEUED, IS_RUNNING, as_job, as_line, as_row, jobs, logs, now

PURGE_BATCH = 500
"""Rows deleted in one transaction: others wait meanwhile."""


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(jobs).where(condition).scalar_subquery()


ONE = select(jobs).where(jobs.c.id == bindparam("of_job"))
LINES = select(logs).where(logs.c.job_id == bindparam("of_job"), logs.c.n > bindparam("after")).order_by(logs.c.n)
_MINE = select(jobs.c.seq).where(jobs.c.id == bindparam("of_job"), IS_QUEUED).scalar_subquery()
# Two counts: a comparison of pairs would read the index from its start, at any depth.
_URGENT = _count(IS_QUEUED & (jobs.c.priority < bindparam("of_priority")) & _MINE.is_not(None))
_EARLIER = _count(IS_QUEUED & (jobs.c.priority == bindparam("of_priority")) & (jobs.c.seq < _MINE))
AHEAD = select(_URGENT + _EARLIER)


class Submissions:
    """The verbs of those who want pictures."""

    database: Database

    async def submit(self, job: Job) -> Job:
        """Store a new job and return it as stored; a queued one is on disk then. The same id twice is stored once.

        A job with a failure (an input that was refused) is stored as failed, and nobody runs it.
        """
        # Who waits on a connection loses it with this machine, so theirs need not outlive a power cut.
        durable = job.kind is Kind.QUEUE
        return await self.database.run(lambda transaction: self._submit(transaction, job), durable)

    async def _submit(self, transaction: Transaction, job: Job) -> Job:
        row = as_row(job) | {"state": State.QUEUED, "created_at": now()}
        if job.failure is not None:
            row |= {"state": State.FAILED, "failure": job.failure.to_json(), "finished_at": now()}
        elif job.terms.start_seconds is not None:
            row |= {"start_deadline": now() + job.terms.start_seconds}
        insert = transaction.insert(jobs).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(jobs)
        stored = (await transaction.execute(insert)).one_or_none()
        if stored is None:
            stored = (await transaction.execute(select(jobs).where(jobs.c.id == job.id))).one()
        transaction.wake(job.id, WORK if stored.state == State.QUEUED else OWED)
        return as_job(stored)

    @verb
    async def get(self, transaction: Transaction, job_id: str) -> Job | None:
        """The job as it stands."""
        row = (await transaction.execute(ONE, {"of_job": job_id})).one_or_none()
        return as_job(row) if row else None

    @verb
    async def look(self, transaction: Transaction, job_id: str, after: int) -> tuple[Job | None, list[LogLine]]:
        """The job as it stands, and its lines without the first ``after`` of them."""
        row = (await transaction.execute(ONE, {"of_job": job_id})).one_or_none()
        return (as_job(row), await _lines(transaction, job_id, after)) if row else (None, [])

    @verb
    async def lineup(self, transaction: Transaction, limit: int) -> Sequence[str]:
        """The ids of the first ``limit`` queued jobs, in the order in which they will be started."""
        queued = select(jobs.c.id).where(IS_QUEUED).order_by(jobs.c.priority, jobs.c.seq).limit(limit)
        return (await transaction.execute(queued)).scalars().all()

    @verb
    async def position(self, transaction: Transaction, job: Job) -> int:
        """How many queued jobs will be started before this one; 0 also for a job that does not wait."""
        return (await transaction.execute(AHEAD, {"of_job": job.id, "of_priority": job.priority})).scalar_one()

    @verb
    async def queue_length(self, transaction: Transaction) -> int:
        """How many jobs wait."""
        return (await transaction.execute(select(_count(IS_QUEUED)))).scalar_one()

    @verb
    async def counts(self, transaction: Transaction) -> dict[State, int]:
        """How many jobs there are in each state; every state is named."""
        rows = await transaction.execute(select(jobs.c.state, func.count().label("jobs")).group_by(jobs.c.state))
        return dict.fromkeys(State, 0) | {State(row.state): row.jobs for row in rows}

    @verb
    async def logs(self, transaction: Transaction, job_id: str, after: int = 0) -> list[LogLine]:
        """The job's lines in the order they were written, without the first ``after`` of them."""
        return await _lines(transaction, job_id, after)

    @verb
    async def cancel(self, transaction: Transaction, job_id: str) -> CancelOutcome:
        """End a waiting job at once; ask the worker of a running one to stop."""
        waiting = jobs.c.state == literal_column(f"'{State.QUEUED}'")
        ask = (
            update(jobs)
            .where(jobs.c.id == job_id, IS_QUEUED | IS_RUNNING)
            .values(
                state=case((waiting, literal(State.CANCELLED.value)), else_=jobs.c.state),
                failure=case((waiting, literal(CANCELLED.to_json(), JSON)), else_=null()),
                finished_at=case((waiting, now()), else_=null()),
                cancel_at=func.coalesce(jobs.c.cancel_at, now()),
            )
            .returning(jobs.c.worker)
        )
        asked = (await transaction.execute(ask)).one_or_none()
        if asked is None:
            known = (await transaction.execute(select(jobs.c.state).where(jobs.c.id == job_id))).one_or_none()
            if known is None:
                return CancelOutcome.NOT_FOUND
            if not (transaction.repeated and known.state == State.CANCELLED):
                return CancelOutcome.ALREADY_COMPLETED
            transaction.wake(job_id, OWED)  # cancelled by the try whose answer was lost, and nobody was woken
            return CancelOutcome.REQUESTED
        transaction.wake(job_id, worker_topic(asked.worker) if asked.worker else OWED)
        return CancelOutcome.REQUESTED

    @verb
    async def expire(self, transaction: Transaction) -> list[str]:
        """Fail the jobs that waited longer than their submitters wanted; returns their ids."""
        late = (
            update(jobs)
            .where(IS_QUEUED, jobs.c.start_deadline <= now())
            .values(state=State.FAILED, failure=NOT_STARTED.to_json(), finished_at=now())
            .returning(jobs.c.id)
        )
        ids = list((await transaction.execute(late)).scalars())
        transaction.wake(*ids, *([OWED] if ids else []))
        return ids

    @verb
    async def old_jobs(self, transaction: Transaction, before: float) -> Sequence[str]:
        """The ids of jobs that were over before that time (seconds since 1970), a batch at once.

        Their files are the caller's to delete, and then the rows: a row without a file is found again, a file without
        a row is not.
        """
        final = [state for state in State if state.is_final]
        old = select(jobs.c.id).where(jobs.c.state.in_(final), jobs.c.finished_at < before).limit(PURGE_BATCH)
        return (await transaction.execute(old)).scalars().all()

    @verb
    async def purge(self, transaction: Transaction, job_ids: Sequence[str]) -> None:
        """Delete the rows of these jobs; their files should be gone already."""
        await transaction.execute(delete(jobs).where(jobs.c.id.in_(job_ids)))


async def _lines(transaction: Transaction, job_id: str, after: int) -> list[LogLine]:
    return [as_line(row) for row in await transaction.execute(LINES, {"of_job": job_id, "after": after})]
