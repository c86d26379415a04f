"""fal.run: one open connection from the wish to the pictures."""

from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tintype.api.answers import answer
from tintype.api.body import read_json
from tintype.api.gateway import Gateway
from tintype.api.schemas import read_input
from tintype.api.surface import Surface
from tintype.api.waiting import Left, hung_up, painted, sync_job
from tintype.core import Params
from tintype.files import INLINE


async def run(request: Request, gateway: Gateway, account: str, surface: Surface) -> Response:
    """``POST /fal-ai/z-image/turbo``: submit, wait, answer. A caller who leaves cancels the job."""
    body = await read_json(request, gateway.settings.max_body_bytes)
    return await respond(body, request, gateway, account, surface, hung_up(request.receive))


async def respond(
    wish: Any, connection: HTTPConnection, gateway: Gateway, account: str, surface: Surface, left: Left
) -> Response:
    """The answer to ``wish``, whichever way it came; Refusal: it was not painted, or cancelled."""
    params = read_input(wish, gateway.settings.max_pixels)
    job = sync_job(params, wish, connection, gateway, account, surface)
    response = await answer(await painted(job, gateway, left), gateway, surface)
    await forget_inline(job.id, params, gateway)
    return response


async def forget_inline(job_id: str, params: Params, gateway: Gateway) -> None:
    """Pictures that travel inside the answer are kept nowhere."""
    if params.inline:
        await gateway.files.delete_prefix(f"{INLINE}{job_id}")
