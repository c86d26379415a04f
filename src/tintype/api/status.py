"""How a queued request stands. Clients ask ten times a second, so this answer is made without a query.

It comes from :mod:`tintype.api.watch`, and what was rendered is sent again until something changes.
"""

import functools
import json
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import UNKNOWN, render
from tintype.api.gateway import Account, Gateway, Wired, account_of
from tintype.api.surface import Surface
from tintype.api.watch import Sight
from tintype.core import APPLICATION, Job, LogLine, State

MAX_RENDERED = 8
"""Forms of one status that are kept: callers may spell our address in many ways."""


async def status(job_id: str, request: Request, gateway: Wired, _account: Account) -> Response:
    """``GET .../requests/{id}/status[?logs=1]``: 202 until it is over, then 200.

    The documents read this route; :mod:`tintype.api.shortcut` answers in its place.
    """
    return await standing_of(job_id, request, gateway)


async def standing_of(job_id: str, connection: HTTPConnection, gateway: Gateway) -> Response:
    """The answer; ServiceRefused 401 without a key."""
    account = account_of(connection, gateway)
    sight = await gateway.watch.look(job_id)
    if sight is None or sight.job is None or sight.job.account != account:
        return render(UNKNOWN, status="NOT_FOUND")
    job, surface = sight.job, connection.state.surface
    return Response(
        await _body(job, sight, gateway, surface, wants_logs(connection)),
        200 if job.state.is_final else 202,
        {REQUEST_ID: job.id},
        media_type="application/json",
    )


def wants_logs(connection: HTTPConnection) -> bool:
    """The clients say ``1`` or ``true``."""
    return _says_logs(connection.scope["query_string"])


@functools.lru_cache(64)
def _says_logs(query: bytes) -> bool:
    return QueryParams(query).get("logs", "").lower() in ("1", "true")


async def _body(job: Job, sight: Sight, gateway: Gateway, surface: Surface, logs: bool) -> bytes:
    lines = sight.lines if logs else None
    if job.state is State.QUEUED:  # a position changes without the job
        return _bytes(await standing_now(job, gateway, surface, lines))
    known = sight.rendered.get((surface.base, logs))
    if known is None:
        if len(sight.rendered) >= MAX_RENDERED:
            sight.rendered.clear()
        known = sight.rendered[surface.base, logs] = _bytes(standing(job, surface, lines))
    return known


async def standing_now(job: Job, gateway: Gateway, surface: Surface, lines: list[LogLine] | None) -> dict[str, Any]:
    """fal's status object, with the position of a job that waits."""
    content = standing(job, surface, lines)
    return content | {"queue_position": await gateway.watch.position(job)} if job.state is State.QUEUED else content


def standing(job: Job, surface: Surface, lines: list[LogLine] | None) -> dict[str, Any]:
    """fal's status object, but for the position of one that waits. ``lines`` None: they were not asked for."""
    content: dict[str, Any] = {"status": word(job), **addresses(job, surface)}
    content["logs"] = None if lines is None else [log_line(each) for each in lines]
    content["metrics"] = {"inference_time": _seconds(job)} if job.state.is_final else {}
    if job.failure is not None and job.failure.error_type is not None:
        content |= {"error": job.failure.detail, "error_type": job.failure.error_type}
    return content


def _bytes(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def addresses(job: Job, surface: Surface) -> dict[str, str]:
    """As on fal, without the model's sub-path ``/turbo``."""
    url = f"{surface.base}/{APPLICATION}/requests/{job.id}"
    return {
        "request_id": job.id,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
    }


def word(job: Job) -> str:
    """Only these three: any other breaks the clients, so failures and cancellations are completed too."""
    words = {State.QUEUED: "IN_QUEUE", State.RUNNING: "IN_PROGRESS"}
    return words.get(job.state, "COMPLETED")


def log_line(line: LogLine) -> dict[str, Any]:
    """fal's form of one line."""
    return {
        "timestamp": datetime.fromtimestamp(line.time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "message": line.message,
        "level": line.level,
        "source": line.source,
        "labels": {},
    }


def _seconds(job: Job) -> float:
    """How long it was worked on."""
    if job.result is not None and "inference" in job.result.timings:
        return job.result.timings["inference"]
    if job.started_at is None or job.finished_at is None:
        return 0.0
    return round(job.finished_at - job.started_at, 4)
