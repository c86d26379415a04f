"""queue.fal.run: take a request in, say how it stands, hand out its result, or cancel it."""

from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tintype.api.answers import answer
from tintype.api.body import read_json
from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import STILL_RUNNING, UNKNOWN, render
from tintype.api.gateway import Account, Gateway, Wired
from tintype.api.schemas import read_input
from tintype.api.status import addresses
from tintype.api.strangers import is_strange
from tintype.api.surface import Seen, Surface
from tintype.api.terms import priority, read_terms
from tintype.core import CancelOutcome, Failure, Job
from tintype.errors import InputRefused, ServiceRefused


async def submit(request: Request, gateway: Gateway, account: str, surface: Surface) -> Response:
    """``POST /fal-ai/z-image/turbo``. As on fal, an input that breaks a rule is taken too: its result is the 422."""
    body = await read_json(request, gateway.settings.max_body_bytes)
    terms = read_terms(request, gateway.settings, surface)
    if terms.webhook is not None and is_strange(request, account, gateway):
        # Else any page could have us send JSON into the private network.
        raise ServiceRefused(403, "fal_webhook: not for web pages from elsewhere without a key, nor on the proxy path")
    await _respect_limit(request, gateway)
    params, failure = None, None
    try:
        params = read_input(body, gateway.settings.max_pixels)
    except InputRefused as refusal:
        failure = refusal.failure
    new = Job(
        id=str(uuid4()),
        account=account,
        params=params,
        input=body,
        terms=terms,
        failure=failure,
        priority=priority(request),
    )
    job = await gateway.store.submit(new)
    position = await gateway.store.position(job)
    # IN_QUEUE even if it is over: the clients expect no other word here.
    content = {"status": "IN_QUEUE", **addresses(job, surface), "queue_position": position}
    return _said(job, content | {"logs": None, "metrics": {}})


async def result(job_id: str, gateway: Wired, account: Account, surface: Seen) -> Response:
    """``GET .../requests/{id}``: what the model answered, with its status."""
    job = await _owned(job_id, account, gateway)
    if job is None:
        return render(UNKNOWN)
    if not job.state.is_final:
        return render(STILL_RUNNING, {REQUEST_ID: job.id})
    return await answer(job, gateway, surface)


async def cancel(job_id: str, gateway: Wired, account: Account) -> Response:
    """``PUT .../requests/{id}/cancel``: a waiting job never runs, a running one stops before its next step."""
    job = await _owned(job_id, account, gateway)
    outcome = CancelOutcome.NOT_FOUND if job is None else await gateway.store.cancel(job.id)
    if job is None or outcome is CancelOutcome.NOT_FOUND:
        return render(UNKNOWN, status="NOT_FOUND")
    if outcome is CancelOutcome.ALREADY_COMPLETED:
        over = Failure(400, "Request is already completed")
        return render(over, {REQUEST_ID: job.id}, status="ALREADY_COMPLETED")
    # fal's guide speaks of the status, its OpenAPI of success.
    return _said(job, {"status": "CANCELLATION_REQUESTED", "success": True}, 202)


async def _owned(job_id: str, account: str, gateway: Gateway) -> Job | None:
    """The job, if it is that account's: another's reads as unknown."""
    sight = await gateway.watch.look(job_id)
    return sight.job if sight is not None and sight.job is not None and sight.job.account == account else None


async def _respect_limit(request: Request, gateway: Gateway) -> None:
    """ServiceRefused 429: the caller would rather hear "no" than wait behind so many."""
    asked = request.query_params.get("fal_max_queue_length", "")
    if asked.isdecimal() and len(asked) < 10 and (length := await gateway.store.queue_length()) > int(asked):
        raise ServiceRefused(429, f"The queue holds {length} requests, more than the {asked} asked for")


def _said(job: Job, content: dict[str, Any], status_code: int = 200) -> JSONResponse:
    return JSONResponse(content, status_code, {REQUEST_ID: job.id})
