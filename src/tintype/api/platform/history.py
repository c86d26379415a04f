"""The requests that are over, with what was asked and answered: ``GET /v1/models/requests/by-endpoint``."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from tintype.api.answers import payload
from tintype.api.gateway import Gateway, Wired
from tintype.api.platform.asked import Name, NamesWanted, Page, Split, check_served, cursor_of, cut, page, point_of
from tintype.api.platform.callers import Asker
from tintype.api.platform.window import Span, read_span, written
from tintype.api.surface import Seen, Surface
from tintype.core import JSON, Job
from tintype.store.history import Outcome, Point, Search

DAYS_FOR_ONE = 36500.0
"""Of history that are looked through for one request."""


class HistoryAsked(Span):
    """The parameters."""

    endpoint_id: NamesWanted = Field(description="Of which model.")
    status: Outcome | None = Field(None, description="`user_error`: a status of 400 to 499; `error`: above.")
    request_id: Name | None = Field(None, description="Only this one; then `start` is long ago by default.")
    expand: Annotated[list[Literal["payloads"]], Split] = Field([], description="`payloads`: with input and output.")
    sort_by: Literal["ended_at", "duration"] = Field("ended_at", description="The last, or the longest, first.")
    prompt_contains: str | None = Field(
        None, max_length=200, pattern=r"^[^\x00]+$", description="Not fal's: only those with this in their prompt."
    )
    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = None


class PastRequest(BaseModel):
    """One request that is over."""

    request_id: str
    endpoint_id: str
    started_at: str = Field(description="When it was over, for one that never was started.")
    sent_at: str
    ended_at: str | None
    status_code: int | None
    duration: float | None = Field(description="Seconds from its start to its end.")
    json_input: Any = Field(default=None, description="What was sent; null if it is not kept.")
    json_output: Any = Field(default=None, description="The body of its result; null if it is not kept.")


class PastRequests(Page):
    """What is answered."""

    items: list[PastRequest]


async def history(
    asked: Annotated[HistoryAsked, Query()], gateway: Wired, caller: Asker, surface: Seen
) -> PastRequests:
    """``GET /v1/models/requests/by-endpoint``: the caller's own requests, or, for an ADMIN, all."""
    check_served(asked.endpoint_id)
    start, end = read_span(asked, days=DAYS_FOR_ONE if asked.request_id else 1.0)
    search = Search(caller.sees, start, end, asked.status, asked.request_id, asked.prompt_contains)
    after = point_of(asked.sort_by, asked.cursor)
    found, more = cut(await gateway.store.ended(search, asked.sort_by, after, asked.limit + 1), asked.limit)
    items = [_item(job) for job in found]
    if "payloads" in asked.expand:
        for job, item in zip(found, items, strict=True):
            item.json_input = job.input if job.terms.keep_payloads else None
            item.json_output = await _output(job, gateway, surface)
    return PastRequests(
        items=items, **page(cursor_of(asked.sort_by, _point(found[-1], asked.sort_by)) if more else None)
    )


def _item(job: Job) -> PastRequest:
    started, ended = _times(job)
    status = job.failure.status if job.failure is not None else 200
    return PastRequest(
        request_id=job.id,
        endpoint_id=job.endpoint,
        started_at=written(started),
        sent_at=written(job.created_at),
        ended_at=written(ended),
        status_code=status,
        duration=round(ended - started, 6),
    )


def _times(job: Job) -> tuple[float, float]:
    assert job.finished_at is not None, "only those that are over were asked for"
    return (job.finished_at if job.started_at is None else job.started_at), job.finished_at


def _point(job: Job, sort_by: str) -> Point:
    started, ended = _times(job)
    return Point(ended if sort_by == "ended_at" else ended - started, job.id)


async def _output(job: Job, gateway: Gateway, surface: Surface) -> JSON | None:
    """What the result's address answers with. Data URIs are promised not to be in the history."""
    is_hidden = not job.terms.keep_payloads or (job.params is not None and job.params.inline)
    return None if is_hidden else await payload(job, surface.root, gateway.files)
