"""A job whose caller waits on an open connection: the job ends with the connection, and the wait with either."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive

from tintype.api.gateway import Gateway
from tintype.api.surface import Surface
from tintype.api.terms import priority, read_terms
from tintype.core import Job, Kind, Params
from tintype.errors import ServiceRefused

T = TypeVar("T")
Left = Callable[[], Awaitable[None]]
"""Waits until the caller is gone."""

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The longest that a lost wake-up delays an answer."""


def sync_job(
    params: Params, body: Any, request: HTTPConnection, gateway: Gateway, account: str, surface: Surface
) -> Job:
    """A new job for a caller who waits on a connection. ServiceRefused 503: the model cannot run."""
    if gateway.engine.state == "failed":
        raise ServiceRefused(503, f"The model cannot run: {gateway.engine.phase}", "runner_scheduling_failure")
    return Job(
        id=str(uuid4()),
        account=account,
        params=params,
        input=body,
        terms=read_terms(request, gateway.settings, surface),
        kind=Kind.SYNC,
        priority=priority(request),
    )


async def painted(job: Job, gateway: Gateway, left: Left) -> Job:
    """Submit ``job`` and wait; the finished job. What :func:`submitted` and :func:`present` raise."""
    async with submitted(job, gateway):
        return await present(_until_final(job.id, gateway), gateway, left)


@contextlib.asynccontextmanager
async def submitted(job: Job, gateway: Gateway) -> AsyncGenerator[Job]:
    """``job``, stored; cancelled if the block ends before it is over. ServiceRefused 429: too many are open."""
    with gateway.seats.taken(job.account):
        submitting = asyncio.ensure_future(gateway.store.submit(job))
        try:
            yield await asyncio.shield(submitting)
        except BaseException as error:  # also when the block is cancelled, and even while the job is being stored
            await asyncio.wait([submitting])
            if submitting.exception() is None:
                await gateway.store.cancel(job.id)
                log.info("request given up", id=job.id, why=_why(error))
            raise


def _why(error: BaseException) -> str:
    return (isinstance(error, ServiceRefused) and error.failure.error_type) or type(error).__name__


async def present(work: Coroutine[Any, Any, T], gateway: Gateway, left: Left) -> T:
    """What ``work`` returns. ``left()`` returns when the caller is gone.

    ServiceRefused, with ``work`` cancelled: 499 for the log, the caller left; 503, the server is being stopped.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(left())
    stopping = asyncio.ensure_future(gateway.stopping.wait())
    try:
        await asyncio.wait((working, gone, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if gone.done():
            raise ServiceRefused(499, "The client disconnected", "client_disconnected")
        raise ServiceRefused(503, "The server is being stopped", "runner_disconnected")
    finally:
        for task in (working, gone, stopping):
            task.cancel()
        await asyncio.gather(working, gone, stopping, return_exceptions=True)


async def progress(job_id: str, gateway: Gateway) -> AsyncGenerator[Job]:
    """The job now, and each time that it may have changed; the last time it is over."""
    with gateway.bus.subscribe(job_id) as changes:
        while True:
            job = await gateway.store.get(job_id)
            if job is None:
                raise LookupError(f"Job {job_id} vanished while its caller waited")
            yield job
            if job.state.is_final:
                return
            await changes.wait(POLL_SECONDS)


async def _until_final(job_id: str, gateway: Gateway) -> Job:
    last = None
    async with contextlib.aclosing(progress(job_id, gateway)) as states:
        async for job in states:
            last = job
    assert last is not None
    return last


def hung_up(receive: Receive) -> Left:
    """The body was read, so what comes next can only be the end of the connection."""

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return left
