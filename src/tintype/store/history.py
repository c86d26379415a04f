"""What became of jobs that are over: looked through by time, and forgotten one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, false, func, select, update

from tintype.core import Failure, Job, State
from tintype.store.database import Database, Transaction, verb
from tintype.store.tables import IS_OVER, as_job, jobs, logs

Outcome = Literal["success", "user_error", "error"]
"""Its pictures were made; or the status of its answer is below 500; or it is not."""

FORGOTTEN = "The payloads of this request were deleted"

SERVER_ERRORS = 500
"""Statuses from here on are our fault."""


class Point(NamedTuple):
    """A place in a list of jobs: what they are sorted by, then their id."""

    value: float
    job_id: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which jobs that are over are meant. None: any."""

    account: str | None
    start: float
    end: float
    """They were over from ``start`` until before ``end``, in seconds since 1970."""
    outcome: Outcome | None = None
    job_id: str | None = None
    prompt_part: str | None = None
    """Stands in the prompt; a to z and A to Z are the same. What is not kept, or was refused, has no prompt."""


class Ending(NamedTuple):
    """How a job went, without what was in it."""

    job_id: str
    created_at: float
    started_at: float | None
    finished_at: float
    status: int
    """Of its answer."""
    error_type: str | None
    is_flagged: bool
    """The safety checker flagged one of its pictures."""


class History:
    """The verbs of those who look back."""

    database: Database

    @verb
    async def ended(
        self,
        transaction: Transaction,
        search: Search,
        by: Literal["ended_at", "duration"],
        after: Point | None,
        limit: int,
    ) -> list[Job]:
        """The jobs of ``search``, the last or the longest first, from behind ``after`` on.

        Those that were never started took no time.
        """
        order = jobs.c.finished_at if by == "ended_at" else _DURATION
        found = _found(search)
        if after is not None:
            found = found.where(order <= after.value, (order < after.value) | (jobs.c.id < after.job_id))
        newest = found.with_only_columns(jobs.c.seq).order_by(order.desc(), jobs.c.id.desc()).limit(limit)
        # Sorted without their payloads, which are read for those that are wanted only.
        rows = select(jobs).where(jobs.c.seq.in_(newest)).order_by(order.desc(), jobs.c.id.desc())
        return [as_job(row) for row in await transaction.execute(rows)]

    @verb
    async def endings(self, transaction: Transaction, search: Search, after: Point | None, limit: int) -> list[Ending]:
        """How the jobs of ``search`` went, the first to be over first, from behind ``after`` on."""
        found = _found(search)
        if after is not None:
            time = jobs.c.finished_at
            found = found.where(time >= after.value, (time > after.value) | (jobs.c.id > after.job_id))
        times = (jobs.c.created_at, jobs.c.started_at, jobs.c.finished_at)
        columns = (jobs.c.id, *times, _STATUS, _ERROR_TYPE, _IS_FLAGGED)
        rows = found.with_only_columns(*columns).order_by(jobs.c.finished_at, jobs.c.id).limit(limit)
        return [Ending(*row) for row in await transaction.execute(rows)]

    @verb
    async def forget(self, transaction: Transaction, job_id: str) -> bool:
        """Delete what a job that is over was given, what it said and what it made; its files are the caller's.

        How it went is kept. False: there is no such job, or it is not over.
        """
        row = (await transaction.execute(select(jobs).where(jobs.c.id == job_id, IS_OVER))).one_or_none()
        if row is None:
            return False
        values: dict[str, Any] = {"params": None, "input": None, "result": None}
        failure = Failure.from_json(row.failure) if row.failure else None
        if failure is not None and not isinstance(failure.detail, str):  # field errors quote the input
            values["failure"] = Failure(failure.status, FORGOTTEN, failure.error_type).to_json()
        await transaction.execute(update(jobs).where(jobs.c.id == job_id).values(values))
        await transaction.execute(delete(logs).where(logs.c.job_id == job_id))
        transaction.wake(job_id)
        return True


_DURATION: ColumnElement[float] = jobs.c.finished_at - func.coalesce(jobs.c.started_at, jobs.c.finished_at)
_STATUS: ColumnElement[int] = func.coalesce(jobs.c.failure["status"].as_integer(), 200)
_ERROR_TYPE: ColumnElement[str] = jobs.c.failure["error_type"].as_string()
_IS_FLAGGED: ColumnElement[bool] = func.coalesce(jobs.c.result["flagged"].as_string().contains("true"), false())
# Of the params: what was refused may hold texts that PostgreSQL cannot read out of its JSON.
_PROMPT: ColumnElement[str] = jobs.c.params["prompt"].as_string()


def _found(search: Search) -> Select[Any]:
    found = select(jobs).where(IS_OVER, jobs.c.finished_at >= search.start, jobs.c.finished_at < search.end)
    if search.account is not None:
        found = found.where(jobs.c.account == search.account)
    if search.job_id is not None:
        found = found.where(jobs.c.id == search.job_id)
    if search.prompt_part is not None:
        found = found.where(jobs.c.input.is_not(None), _PROMPT.icontains(search.prompt_part, autoescape=True))
    return found.where(*_conditions(search.outcome))


def _conditions(outcome: Outcome | None) -> Sequence[ColumnElement[bool]]:
    """The state first: it stands in the index."""
    if outcome is None:
        return ()
    if outcome == "success":
        return (jobs.c.state == State.DONE,)
    ours = _STATUS >= SERVER_ERRORS
    return (jobs.c.state != State.DONE, ours if outcome == "error" else ~ours)
