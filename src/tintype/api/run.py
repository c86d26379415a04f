"""fal.run: one open connection from the wish to the pictures."""

import asyncio
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from tintype.api.answers import answer
from tintype.api.body import read_json
from tintype.api.gateway import Gateway
from tintype.api.schemas import read_input
from tintype.api.surface import Surface
from tintype.core import Job, Kind, Params
from tintype.errors import ServiceRefused
from tintype.files import INLINE

POLL_SECONDS = 1.0
"""The longest that a lost wake-up delays an answer."""


async def run(request: Request, gateway: Gateway, account: str, surface: Surface) -> Response:
    """``POST /fal-ai/z-image/turbo``: submit, wait, answer. A caller who leaves cancels the job."""
    settings = gateway.settings
    params = read_input(await read_json(request, settings.max_body_bytes), settings.max_pixels)
    job = await paint_and_wait(request, gateway, account, params)
    response = await answer(job, gateway, surface)
    await forget_inline(job, gateway)
    return response


async def paint_and_wait(request: Request, gateway: Gateway, account: str, params: Params) -> Job:
    """The job of one open connection, once it is over.

    ServiceRefused: the model cannot run, the server is being stopped, or the caller left; that cancels the job.
    """
    if gateway.engine.state == "failed":
        raise ServiceRefused(503, f"The model cannot run: {gateway.engine.phase}", "runner_scheduling_failure")
    new = Job(id=str(uuid4()), account=account, params=params, kind=Kind.SYNC, priority=priority(request))
    job = await gateway.store.submit(new)
    return await _until_final_or_left(job, request, gateway)


async def forget_inline(job: Job, gateway: Gateway) -> None:
    """An inline picture has been handed over whole, and nobody can ask for it again."""
    if job.params is not None and job.params.inline:
        await gateway.files.delete_prefix(f"{INLINE}{job.id}")


def priority(request: Request) -> int:
    """0, or 1 for what may wait."""
    asked = request.headers.get("x-fal-queue-priority") or request.query_params.get("priority", "")
    return 1 if asked.lower() == "low" else 0


async def _until_final_or_left(job: Job, request: Request, gateway: Gateway) -> Job:
    """The finished job.

    ServiceRefused, with the job cancelled: 499 for the log, the caller left; 503, the server or its database went.
    """
    final = asyncio.create_task(_until_final(job.id, gateway))
    left = asyncio.create_task(_until_left(request))
    stopping = asyncio.create_task(gateway.stopping.wait())
    try:
        await asyncio.wait((final, left, stopping), return_when=asyncio.FIRST_COMPLETED)
        if final.done():
            return final.result()
        if left.done():
            raise ServiceRefused(499, "The client disconnected", "client_disconnected")
        raise ServiceRefused(503, "The server is being stopped", "runner_disconnected")
    except ServiceRefused:
        await gateway.store.cancel(job.id)
        raise
    finally:
        for task in (final, left, stopping):
            task.cancel()
        await asyncio.gather(final, left, stopping, return_exceptions=True)


async def _until_final(job_id: str, gateway: Gateway) -> Job:
    with gateway.bus.subscribe(job_id) as changes:
        while True:
            job = await gateway.store.get(job_id)
            if job is None:
                raise LookupError(f"Job {job_id} vanished while its caller waited")
            if job.state.is_final:
                return job
            await changes.wait(POLL_SECONDS)


async def _until_left(request: Request) -> None:
    """The body was read, so what comes next can only be the end of the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
