"""The time that a call is about, and how it is cut into buckets: by the clock and calendar of a time zone."""

import math
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from pydantic import BaseModel, Field

from tintype.api.platform.errors import refused
from tintype.errors import ServiceRefused

Timeframe = Literal["minute", "hour", "day", "week", "month"]
DAY = 86400.0
CHOSEN: dict[Timeframe, float] = {"minute": DAY / 12, "hour": 2 * DAY, "day": 64 * DAY, "week": 183 * DAY}
"""Which timeframe is taken below which length of the window, if none is asked for; beyond, a month. As on fal."""
YEARS = range(2000, 2200)
DATES = "ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z, of the years 2000 to 2199"


class Span(BaseModel):
    """From when until when."""

    start: str = Field("", description="ISO 8601; default: 24 hours before the end.")
    end: str = Field("", description="ISO 8601, exclusive; default: now.")


class Series(Span):
    """From when until when, and cut into what."""

    timezone: str = Field("UTC", description="Whose midnights count, such as `Europe/Berlin`.")
    timeframe: Timeframe | None = Field(
        None, description="The length of a bucket; default: by the length of the whole."
    )
    bound_to_timeframe: Literal["true", "false"] = Field(
        "true", description="Whether to widen the whole to whole buckets."
    )


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` until before ``end``, in seconds since 1970."""

    start: float
    end: float
    timeframe: Timeframe
    zone: tzinfo

    def bucket(self, time: float) -> datetime:
        """When the bucket of ``time`` begins."""
        return _floor(datetime.fromtimestamp(time, self.zone), self.timeframe)


def read_span(asked: Span, days: float = 1.0, zone: tzinfo = UTC) -> tuple[float, float]:
    """Both ends in seconds since 1970; ``days``: how long it is if no start is given. ServiceRefused 400."""
    end = _read("end", asked.end, zone) if asked.end else datetime.now(UTC)
    start = _read("start", asked.start, zone) if asked.start else end - timedelta(days=days)
    if start > end:
        raise ServiceRefused(400, f"start: {start.isoformat()} is after the end, {end.isoformat()}")
    return start.timestamp(), end.timestamp()


def read_window(asked: Series) -> Window:
    """ServiceRefused 400: the parameters cannot be understood."""
    zone = _zone(asked.timezone)
    start, end = read_span(asked, zone=zone)
    timeframe = asked.timeframe or _chosen(end - start)
    if asked.bound_to_timeframe == "true":
        start = _floor(datetime.fromtimestamp(start, zone), timeframe).timestamp()
        end = _next(_floor(datetime.fromtimestamp(end, zone), timeframe), timeframe).timestamp()
    return Window(start, end, timeframe, zone)


def _chosen(seconds: float) -> Timeframe:
    for timeframe, below in CHOSEN.items():
        if seconds < below:
            return timeframe
    return "month"


def written(time: float) -> str:
    """ISO 8601 to the millisecond, never later than it was: so it can be asked for as a start."""
    moment = datetime.fromtimestamp(math.floor(time * 1000) / 1000, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def written_bucket(begin: datetime) -> str:
    """ISO 8601 with the offset of its time zone, or a Z for UTC."""
    return begin.isoformat().replace("+00:00", "Z")


def _read(name: str, text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refused(name, text, DATES) from None
    if moment.year not in YEARS:
        raise refused(name, text, DATES)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _zone(name: str) -> tzinfo:
    """UTC is known without the system's files about time zones."""
    if name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise refused("timezone", name, "a name of the IANA database, such as UTC or Europe/Berlin") from None


def _floor(moment: datetime, timeframe: Timeframe) -> datetime:
    moment = moment.replace(second=0, microsecond=0)
    if timeframe == "minute":
        return moment
    moment = moment.replace(minute=0)
    if timeframe == "hour":
        return moment
    moment = moment.replace(hour=0, fold=0)
    if timeframe == "week":
        return moment - timedelta(days=moment.weekday())
    return moment if timeframe == "day" else moment.replace(day=1)


def _next(start: datetime, timeframe: Timeframe) -> datetime:
    """When the bucket that begins at ``start`` is over. Days are the calendar's: some have 23 hours."""
    if timeframe in ("minute", "hour"):
        length = timedelta(**{f"{timeframe}s": 1})
        return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    if timeframe == "month":
        return _floor(start + timedelta(days=32), "month")
    return start + timedelta(days=7 if timeframe == "week" else 1)
