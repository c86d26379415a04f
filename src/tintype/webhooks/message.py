"""What is sent to a webhook, in fal's words, and the headers that prove who sent it."""

import hashlib
import json
import time
from typing import Any

from tintype import __version__
from tintype.core import Job
from tintype.webhook_keys import WebhookKeys

NOT_SENDABLE = (
    "Response payload is not JSON serializable. Either return a JSON serializable object or use the queue endpoint to "
    "retrieve the response."
)
"""fal's sentence for a result that cannot be sent."""


def compose(job: Job, payload: Any) -> bytes:
    """The message about a job that is over; ``payload`` is what its result address answers, None if that is gone."""
    content: dict[str, Any] = {"request_id": job.id, "gateway_request_id": job.id, "status": "OK"}
    if job.failure is not None:
        content |= {"status": "ERROR", "error": f"Invalid status code: {job.failure.status}"}
    content["payload"] = payload
    if payload is None:
        content["payload_error"] = NOT_SENDABLE
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def headers(job: Job, body: bytes, keys: WebhookKeys) -> dict[str, str]:
    """fal's, with a signature that is valid for minutes: each try has its own."""
    timestamp = str(int(time.time()))
    digest = hashlib.sha256(body).hexdigest()
    signed = "\n".join((job.id, job.account, timestamp, digest)).encode()
    return {
        "content-type": "application/json",
        "user-agent": f"tintype/{__version__}",
        "x-fal-webhook-request-id": job.id,
        "x-fal-webhook-user-id": job.account,
        "x-fal-webhook-timestamp": timestamp,
        "x-fal-webhook-signature": keys.sign(signed).hex(),
    }
