"""fal.run, watched: a small picture after each step, and in the end what a run answers."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from tintype.api.answers import outcome
from tintype.api.body import read_json
from tintype.api.events import EventStream
from tintype.api.gateway import Gateway, Wired
from tintype.api.previews import Previews
from tintype.api.run import forget_inline
from tintype.api.schemas import read_input
from tintype.api.surface import Seen, Surface
from tintype.api.tokens import Caller
from tintype.api.waiting import progress, submitted, sync_job
from tintype.core import JSON, Job, Params


async def stream(request: Request, gateway: Wired, account: Caller, surface: Seen) -> Response:
    """``POST /fal-ai/z-image/turbo/stream``. A caller who leaves cancels the job."""
    body = await read_json(request, gateway.settings.max_body_bytes)
    params = read_input(body, gateway.settings.max_pixels)
    job = sync_job(params, body, request, gateway, account, surface)
    watched = replace(job, terms=replace(job.terms, previews=True))
    return EventStream(_events(watched, params, gateway, surface), gateway, job.id)


async def _events(job: Job, params: Params, gateway: Gateway, surface: Surface) -> AsyncGenerator[JSON]:
    """An event per step, then fal's output object; Refusal: there is none, and why."""
    previews = Previews(job.id, params, gateway.files)
    async with submitted(job, gateway), contextlib.aclosing(progress(job.id, gateway)) as states:
        async for now in states:
            async for event in previews.new():
                yield event
            if now.state.is_final:
                yield await outcome(now, gateway, surface)
    await forget_inline(job.id, params, gateway)
