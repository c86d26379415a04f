"""How requests went, counted and timed: ``GET /v1/models/analytics``."""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from tintype.api.gateway import Gateway, Wired
from tintype.api.platform.asked import NamesWanted, Page, Split, check_served, cursor_of, cut, page, point_of
from tintype.api.platform.callers import Asker
from tintype.api.platform.errors import refused
from tintype.api.platform.window import Series, Window, read_window, written_bucket
from tintype.core import ENDPOINT
from tintype.errors import ServiceRefused
from tintype.store.history import SERVER_ERRORS, Ending, Point, Search

READ_TOGETHER = 2000
"""Requests read in one go: others wait for the database meanwhile."""
MOST_READ = 100_000
STARTUP = ("startup_timeout", "runner_scheduling_failure")
TIMEOUT = ("request_timeout", "generation_timeout")


@dataclass(slots=True)
class Tally:
    """The requests of one stretch of time."""

    endings: list[Ending] = field(default_factory=list[Ending])

    def waits(self) -> list[float]:
        """Seconds from being sent to being started, of those that were."""
        return sorted(each.started_at - each.created_at for each in self.endings if each.started_at is not None)

    def durations(self) -> list[float]:
        """Seconds from being started to the end, of those that were."""
        return sorted(each.finished_at - each.started_at for each in self.endings if each.started_at is not None)

    def count(self, counts: Callable[[Ending], bool]) -> int:
        """How many it is true of."""
        return sum(counts(each) for each in self.endings)


def _is_error(ending: Ending) -> bool:
    return ending.status >= SERVER_ERRORS


def _reason(ending: Ending) -> str:
    """Which of fal's four kinds of failure it was."""
    kind = ending.error_type or ""
    if kind in STARTUP:
        return "startup"
    if kind in TIMEOUT:
        return "timeout"
    return "connection" if kind.startswith("runner_") and kind != "runner_server_error" else "runtime"


def _failed(reason: str) -> Callable[[Tally], float]:
    return lambda tally: tally.count(lambda each: _is_error(each) and _reason(each) == reason)


def _percentile(percent: int, of: Callable[[Tally], list[float]]) -> Callable[[Tally], float | None]:
    """The smallest number that so many percent do not exceed; None of none."""

    def pick(tally: Tally) -> float | None:
        numbers = of(tally)
        return round(numbers[max(0, math.ceil(len(numbers) * percent / 100) - 1)], 6) if numbers else None

    return pick


METRICS: dict[str, Callable[[Tally], float | None]] = {
    "request_count": lambda tally: len(tally.endings),
    "success_count": lambda tally: tally.count(lambda each: each.status < 400),
    "user_error_count": lambda tally: tally.count(lambda each: 400 <= each.status < SERVER_ERRORS),
    "error_count": lambda tally: tally.count(_is_error),
    "flagged_count": lambda tally: tally.count(lambda each: each.is_flagged),  # not fal's
    **{f"p{percent}_prepare_duration": _percentile(percent, Tally.waits) for percent in (50, 75, 90, 95, 99)},
    **{f"p{percent}_duration": _percentile(percent, Tally.durations) for percent in (25, 50, 75, 90, 95, 99)},
    **{f"{reason}_error_count": _failed(reason) for reason in ("startup", "connection", "timeout", "runtime")},
    "cold_boot_count": lambda _: 0,  # the engine is loaded before anything is started
    **{f"p{percent}_cold_boot_duration": lambda _: None for percent in (50, 75, 90)},
    "total_billable_duration": lambda tally: round(sum(tally.durations()), 6),
}
"""What can be asked for. None: there is nothing to say it of, and it is left out."""


LISTS = ("time_series", "summary")


class AnalyticsAsked(Series):
    """The parameters."""

    endpoint_id: NamesWanted = Field(description="Of which model.")
    expand: Annotated[list[str], Split] = Field(
        ["time_series", "request_count"], description=f"Any of: {', '.join((*LISTS, *METRICS))}."
    )
    limit: int = Field(1000, ge=1, le=1000, description="Buckets on a page.")
    cursor: str | None = None


class Metrics(BaseModel):
    """The numbers that were asked for, as far as there are any; times in seconds."""

    model_config = ConfigDict(extra="allow")

    endpoint_id: str


class AnalyticsBucket(BaseModel):
    """How the requests went that were over in one stretch of time."""

    bucket: str
    results: list[Metrics]


class Analytics(Page):
    """What is answered; buckets in which nothing was over are left out."""

    time_series: list[AnalyticsBucket] = Field([])
    summary: list[Metrics] = Field([])


async def analytics(asked: Annotated[AnalyticsAsked, Query()], gateway: Wired, caller: Asker) -> Analytics:
    """``GET /v1/models/analytics``: the caller's own requests, or, for an ADMIN, all."""
    check_served(asked.endpoint_id)
    _check(asked.expand)
    window, after = read_window(asked), point_of("analytics", asked.cursor)
    endings = await _endings(gateway, Search(caller.sees, window.start, window.end))
    return await asyncio.to_thread(_answer, asked, window, after, endings)  # it may take a second


def _answer(asked: AnalyticsAsked, window: Window, after: Point | None, endings: list[Ending]) -> Analytics:
    names = [name for name in METRICS if name in asked.expand]
    answer = Analytics(**page(None))
    if "summary" in asked.expand:
        answer.summary = [_metrics(Tally(endings), names)] if endings else []
    if "time_series" in asked.expand:
        buckets = _buckets(endings, window)
        shown, more = cut([each for each in buckets if after is None or each > after.value], asked.limit)
        answer.time_series = [
            AnalyticsBucket(bucket=written_bucket(window.bucket(each)), results=[_metrics(buckets[each], names)])
            for each in shown
        ]
        answer.next_cursor = cursor_of("analytics", Point(shown[-1], "")) if more else None
        answer.has_more = more
    return answer


def _check(expand: list[str]) -> None:
    unknown = set(expand) - set(METRICS) - set(LISTS)
    if unknown:
        raise refused("expand", ",".join(sorted(unknown)), ", ".join((*LISTS, *METRICS)))
    if not set(LISTS) & set(expand):
        raise ServiceRefused(400, "expand: at least one of 'time_series' and 'summary' is needed")


async def _endings(gateway: Gateway, search: Search) -> list[Ending]:
    """How all of them went, the first to be over first; ServiceRefused 400: they are too many."""
    endings: list[Ending] = []
    while batch := await gateway.store.endings(search, _point(endings), READ_TOGETHER):
        endings += batch
        if len(endings) > MOST_READ:
            raise ServiceRefused(400, f"More than {MOST_READ} requests were over from start to end; ask for less")
        if len(batch) < READ_TOGETHER:
            break
    return endings


def _point(endings: list[Ending]) -> Point | None:
    return Point(endings[-1].finished_at, endings[-1].job_id) if endings else None


def _buckets(endings: Iterable[Ending], window: Window) -> dict[float, Tally]:
    """The requests of each bucket, by its beginning, in order."""
    buckets: dict[float, Tally] = {}
    for each in endings:
        buckets.setdefault(window.bucket(each.finished_at).timestamp(), Tally()).endings.append(each)
    return buckets


def _metrics(tally: Tally, names: Sequence[str]) -> Metrics:
    numbers = {name: METRICS[name](tally) for name in names}
    known: dict[str, Any] = {name: number for name, number in numbers.items() if number is not None}
    return Metrics(endpoint_id=ENDPOINT, **known)
