"""Webhooks from outside: the keys that sign them, and what became of them. The deliverer is in tintype.webhooks."""

import base64

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tintype.api.gateway import Wired
from tintype.api.platform.callers import Asker
from tintype.api.watch import ID
from tintype.core import Failure
from tintype.errors import Refusal, ServiceRefused
from tintype.store.deliveries import Delivery, DeliveryState, Try
from tintype.webhook_keys import WebhookKeys


class SigningKey(BaseModel):
    """One key, as RFC 8037 writes it."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    x: str = Field(description="The public key, 32 bytes in base64url.")


class KeySet(BaseModel):
    """What webhooks are verified with: by any one of these."""

    keys: list[SigningKey]


class Attempt(BaseModel):
    """One call to the receiver."""

    n: int = Field(description="Counts from 1.")
    at: float = Field(description="When it began, in seconds since 1970.")
    seconds: float
    status_code: int | None = Field(description="What the receiver answered.")
    error: str | None = Field(description="Why it failed; null with a null `status_code`: it is being made.")


class WebhookDelivery(BaseModel):
    """What became of the result of one request."""

    request_id: str
    url: str
    state: DeliveryState
    next_attempt_at: float | None = Field(description="In seconds since 1970.")
    attempts: list[Attempt]


class DeliveryPage(BaseModel):
    """Some deliveries, the last submitted first."""

    deliveries: list[WebhookDelivery]
    next_cursor: str | None
    has_more: bool


NO_DELIVERY = Failure(404, "No delivery for this request")
"""No such job, not this key's, not over yet, or it has no webhook."""
MOST = 100
"""Deliveries on one page."""


async def jwks(gateway: Wired) -> Response:
    """``GET /.well-known/jwks.json``: the keys that a receiver verifies with, where fal's rest host has its own."""
    keys = WebhookKeys(gateway.settings.home).published()
    texts = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys]
    content = KeySet(keys=[SigningKey(x=text) for text in texts])
    return JSONResponse(content.model_dump(), headers={"cache-control": "public, max-age=86400"})


async def deliveries(request: Request, gateway: Wired, caller: Asker) -> Response:
    """``GET /v1/webhooks/deliveries?request_id=&state=&limit=&cursor=``: the last submitted first."""
    query = request.query_params
    state = query.get("state")
    states = [each.value for each in DeliveryState]
    if state is not None and state not in states:
        raise _bad("state", state, f"one of {', '.join(states)}")
    job_id = query.get("request_id")
    if job_id is not None and not ID.fullmatch(job_id):
        raise _bad("request_id", job_id, "the id of a request")
    limit = _number("limit", query.get("limit", str(MOST)), 1, MOST)
    page = await gateway.store.deliveries(
        account=caller.sees,
        job_id=job_id,
        state=DeliveryState(state) if state else None,
        before=_number("cursor", query["cursor"], 1, 2**62) if query.get("cursor") else None,
        limit=limit + 1,
    )
    has_more = len(page) > limit
    shown = page[:limit]
    cursor = str(shown[-1].seq) if has_more else None
    content = DeliveryPage(deliveries=[_shown(one) for one in shown], next_cursor=cursor, has_more=has_more)
    return JSONResponse(content.model_dump())


async def retry(job_id: str, gateway: Wired, caller: Asker) -> Response:
    """``POST /v1/webhooks/deliveries/{request_id}/retry``: deliver it once more, whatever became of it before."""
    if not ID.fullmatch(job_id):
        raise Refusal(NO_DELIVERY)
    known = await gateway.store.deliveries(account=caller.sees, job_id=job_id)
    if known:
        await gateway.store.retry(job_id)
        known = await gateway.store.deliveries(account=caller.sees, job_id=job_id)
    if not known:
        raise Refusal(NO_DELIVERY)
    return JSONResponse(_shown(known[0]).model_dump(), 202)


def _shown(delivery: Delivery) -> WebhookDelivery:
    job = delivery.job
    assert job.terms.webhook is not None, "only jobs with a webhook have deliveries"
    return WebhookDelivery(
        request_id=job.id,
        url=job.terms.webhook.url,
        state=delivery.state,
        next_attempt_at=delivery.due,
        attempts=[_attempt(made) for made in delivery.tries],
    )


def _attempt(made: Try) -> Attempt:
    return Attempt(n=made.n, at=made.time, seconds=made.seconds, status_code=made.status, error=made.error)


def _number(name: str, text: str, low: int, high: int) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
        return int(text)
    raise _bad(name, text, f"a number from {low} to {high}")


def _bad(name: str, given: str, allowed: str) -> ServiceRefused:
    return ServiceRefused(400, f"{name}: {given[:200]!r} cannot be understood; allowed is {allowed}", "bad_request")
