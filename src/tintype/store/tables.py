"""What is stored: seven tables, the same on SQLite and PostgreSQL, and how a row and a Job become each other.

Times are seconds since 1970, and only ever the database's own clock: hosts need not agree on the time.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    literal_column,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from tintype.core import Failure, Job, Kind, LogLine, Params, Result, State, Terms


class now(FunctionElement[float]):
    """The database's clock when the statement began, to the millisecond (SQLite) or microsecond."""

    type: TypeEngine[float] = Double()
    inherit_cache = True


class whole(FunctionElement[int]):
    """A number without what is behind its point, downwards for those of one sign."""

    type: TypeEngine[int] = BigInteger()
    inherit_cache = True


@compiles(whole, "sqlite")
def _whole_sqlite(element: whole, compiler: SQLCompiler, **options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return f"CAST({compiler.process(element.clauses, **options)} AS INTEGER)"  # cuts; some builds have no floor()


@compiles(whole, "postgresql")
def _whole_postgresql(element: whole, compiler: SQLCompiler, **options: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return f"CAST(floor({compiler.process(element.clauses, **options)}) AS BIGINT)"  # a cast alone would round


@compiles(now, "sqlite")
def _now_sqlite(_element: now, _compiler: SQLCompiler, **_: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    # unixepoch('subsec') came with SQLite 3.42; Debian 12 has 3.40.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _now_postgresql(_element: now, _compiler: SQLCompiler, **_: Any) -> str:  # pyright: ignore[reportUnusedFunction]
    return "extract(epoch from statement_timestamp())::double precision"


metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text),
    Column("claim", Text),
    Column("cancel_at", Double),
    Column("params", JSON(none_as_null=True)),
    Column("input", JSON(none_as_null=True)),
    Column("terms", JSON(none_as_null=True)),
    Column("retry", Boolean, nullable=False, server_default=true()),
    Column("start_deadline", Double),
    Column("webhook_due", Double),
    Column("result", JSON(none_as_null=True)),
    Column("failure", JSON(none_as_null=True)),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
)
"""Queue, status, result and history in one. ``seq`` is the order of submission. ``worker`` is the one that
runs the job, or that ended it; ``claim`` names the one call of ``claim`` that took it. ``webhook_due`` is the time
from which the result is to be delivered once the job is over; null if nothing is owed."""

# The states stand in the SQL as literals: a planner uses a partial index only if it can read the condition.
IS_QUEUED: ColumnElement[bool] = jobs.c.state == literal_column(f"'{State.QUEUED}'")
IS_RUNNING: ColumnElement[bool] = jobs.c.state == literal_column(f"'{State.RUNNING}'")
IS_OWED: ColumnElement[bool] = jobs.c.webhook_due.is_not(None) & jobs.c.finished_at.is_not(None)
"""The job is over and its webhook does not have the result yet."""

Index("jobs_queued", jobs.c.priority, jobs.c.seq, sqlite_where=IS_QUEUED, postgresql_where=IS_QUEUED)
Index("jobs_running", jobs.c.worker, sqlite_where=IS_RUNNING, postgresql_where=IS_RUNNING)
Index("jobs_owed", jobs.c.webhook_due, sqlite_where=IS_OWED, postgresql_where=IS_OWED)
# For purging, and for counting per state without reading the rows. Not the other way round: SQLite would then
# take the queue from this index, and sort it.
Index("jobs_by_end", jobs.c.finished_at, jobs.c.state)
# One key's history, newest first. Partial: a job enters it once, when it is over.
IS_OVER: ColumnElement[bool] = jobs.c.finished_at.is_not(None)
_HISTORY = (jobs.c.account, jobs.c.finished_at, jobs.c.state)
Index("jobs_history", *_HISTORY, sqlite_where=IS_OVER, postgresql_where=IS_OVER)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("outcome", Text),
)
"""Who ran what and how that ended: the final state, or why it was given up."""

logs = Table(
    "logs",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("time", Double, nullable=False),
    Column("level", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("message", Text, nullable=False),
)
"""What a user may read about their job; ``n`` counts from 1 without gaps."""

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
)
"""Who promised to be alive until when."""


deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("time", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("status", Integer),
    Column("error", Text),
)
"""Every attempt to deliver a result to its webhook: what was answered, or why nothing was. While one is being made, and
when the server died over it, neither is known. ``n`` counts from 1."""

uploads = Table(
    "uploads",
    metadata,
    Column("key", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
)
"""Files that clients sent; ``size`` is null until all of it is here."""

charges = Table(
    "charges",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("time", Double, nullable=False),
    Column("megapixels", Double, nullable=False),
    Column("megapixel_price", Double, nullable=False),
    Column("surcharge", Double, nullable=False),
)
"""What was made for whom, and its price then. Kept when the job is forgotten."""
Index("charges_by_time", charges.c.time)
Index("charges_of_account", charges.c.account, charges.c.time)


def as_row(job: Job) -> dict[str, Any]:
    """The columns of ``jobs`` that its submitter decides."""
    return {
        "id": job.id,
        "account": job.account,
        "endpoint": job.endpoint,
        "kind": job.kind,
        "priority": job.priority,
        "attempt": 0,
        "params": job.params and job.params.to_json(),
        "input": job.input if job.terms.keep_payloads else None,
        "terms": job.terms.to_json(),
        "retry": job.terms.retry,
        "webhook_due": None if job.terms.webhook is None else 0.0,
    }


def as_job(row: Row[Any]) -> Job:
    """From a whole row of ``jobs``."""
    return Job(
        id=row.id,
        account=row.account,
        params=Params.from_json(row.params) if row.params else None,
        input=row.input,
        terms=Terms.from_json(row.terms) if row.terms else Terms(),
        endpoint=row.endpoint,
        kind=Kind(row.kind),
        priority=row.priority,
        state=State(row.state),
        attempt=row.attempt,
        worker=row.worker,
        cancel_requested=row.cancel_at is not None,
        result=Result.from_json(row.result) if row.result else None,
        failure=Failure.from_json(row.failure) if row.failure else None,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def as_line(row: Row[Any]) -> LogLine:
    """From a whole row of ``logs``."""
    return LogLine(message=row.message, time=row.time, level=row.level, source=row.source)
