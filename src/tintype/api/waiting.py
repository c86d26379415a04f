"""Waiting on one open connection until a job is over: for the synchronous endpoint and whatever is like it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from starlette.requests import HTTPConnection, Request

from tintype.api.gateway import Gateway
from tintype.api.surface import Surface
from tintype.api.terms import priority, read_terms
from tintype.core import Job, Kind, Params
from tintype.errors import ServiceRefused

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


async def painted(job: Job, gateway: Gateway, left: Callable[[], Awaitable[None]]) -> Job:
    """Submit ``job`` and wait; the finished job. ``left()`` returns when the caller is gone.

    ServiceRefused, with the job cancelled: 429, the caller has too many open; 499 for the log, the caller left;
    503, the server or its database went.
    """
    with gateway.seats.taken(job.account):
        job = await gateway.store.submit(job)
        final = asyncio.ensure_future(until_final(job.id, gateway))
        gone = asyncio.ensure_future(left())
        stopping = asyncio.ensure_future(gateway.stopping.wait())
        try:
            await asyncio.wait((final, gone, stopping), return_when=asyncio.FIRST_COMPLETED)
            if final.done():
                return final.result()
            if gone.done():
                raise ServiceRefused(499, "The client disconnected", "client_disconnected")
            raise ServiceRefused(503, "The server is being stopped", "runner_disconnected")
        except BaseException:  # also when whoever called us is cancelled
            await gateway.store.cancel(job.id)
            raise
        finally:
            for task in (final, gone, stopping):
                task.cancel()
            await asyncio.gather(final, gone, stopping, return_exceptions=True)


async def until_final(job_id: str, gateway: Gateway) -> Job:
    """The job, once it is over."""
    with gateway.bus.subscribe(job_id) as changes:
        while True:
            job = await gateway.store.get(job_id)
            if job is None:
                raise LookupError(f"Job {job_id} vanished while its caller waited")
            if job.state.is_final:
                return job
            await changes.wait(POLL_SECONDS)


def hung_up(request: Request) -> Callable[[], Awaitable[None]]:
    """For :func:`painted`: the body was read, so what comes next can only be the end of the connection."""

    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return left
