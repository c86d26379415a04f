"""Usage, billing events and analytics, over charges and requests of times that are known."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tests.api.gateway import WISH, Gateway
from tests.api.platform import MINE, check_refused, get, key, pages
from tintype.api.platform.window import written
from tintype.core import ENDPOINT, Failure, Job, State, Terms
from tintype.keys import Keys
from tintype.store.tables import as_row, charges, jobs

pytestmark = pytest.mark.case("C72")

USAGE = "/models/usage"
EVENTS = "/models/billing-events"
ANALYTICS = "/models/analytics"
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-03-{text}+00:00").timestamp()


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a month behind it; its client is an ADMIN."""
    home = tmp_path_factory.mktemp("home")
    made, other = Keys(home).create("operator", "ADMIN"), Keys(home).create("other")
    mine, others = (each.partition(":")[0] for each in (made, other))
    with Gateway(home, painting=False) as gateway:
        bills = [
            charge("01T10:00", mine, 1.0),
            charge("01T10:59", others, 2.0),
            charge("01T23:30", mine, 4.0),
            charge("02T12:00", mine, 8.0, surcharge=0.0025),
            charge("09T12:00", mine, 16.0, megapixel_price=0.01),
        ]
        ends = [
            *(ending(f"05T10:{n:02}", mine, wait=n, seconds=10 * n) for n in range(1, 11)),
            ending("05T11:30", mine, Failure(422, [{"msg": "no"}]), started=False),
            ending("06T09:00", mine, Failure(504, "late", "startup_timeout"), started=False),
            ending("06T09:01", mine, Failure(503, "gone", "runner_disconnected")),
            ending("06T09:02", mine, Failure(500, "a bug", "internal_error")),
            ending("06T09:03", others),
        ]
        run = gateway.store.database.inspect
        gateway.do(run(lambda connection: connection.execute(insert(charges), bills)))
        gateway.do(run(lambda connection: connection.execute(insert(jobs), ends)))
        gateway.http.headers["authorization"] = f"Key {made}"
        yield gateway


def charge(when: str, account: str, megapixels: float, **changes: float) -> dict[str, Any]:
    prices = {"megapixel_price": 0.005, "surcharge": 0.0} | changes
    named = {"job_id": f"job-{when}", "account": account, "endpoint": ENDPOINT, "time": at(when)}
    return named | {"megapixels": megapixels} | prices


def ending(
    when: str, account: str, failure: Failure | None = None, wait: float = 1, seconds: float = 1, started: bool = True
) -> dict[str, Any]:
    over = at(when)
    row = as_row(Job(f"job-{when}", account, None, None, Terms()))
    times = {"created_at": over - seconds - wait, "started_at": over - seconds if started else None}
    state = State.DONE if failure is None else State.FAILED
    return row | times | {"finished_at": over, "state": state, "failure": failure and failure.to_json()}


def rows(results: list[dict[str, Any]]) -> list[tuple[str, float, float, float]]:
    for each in results:
        assert each["cost"] == each["cost_total"] == each["cost_subtotal"]
        assert (each["cost_discount"], each["percent_discount"], each["currency"]) == (0, None, "USD")
        assert each["endpoint_id"] == ENDPOINT
    return [(each["unit"], each["quantity"], each["unit_price"], each["cost"]) for each in results]


def test_usage_is_summed_up_by_the_day(march: Gateway) -> None:
    answer = get(march, USAGE, **MARCH)
    assert "summary" not in answer
    assert {each["bucket"]: rows(each["results"]) for each in answer["time_series"]} == {
        "2026-03-01T00:00:00Z": [("megapixels", 7.0, 0.005, 0.035)],
        "2026-03-02T00:00:00Z": [("megapixels", 8.0, 0.005, 0.04), ("prompt expansions", 1.0, 0.0025, 0.0025)],
        "2026-03-09T00:00:00Z": [("megapixels", 16.0, 0.01, 0.16)],
    }


def test_usage_is_summed_up_as_a_whole(march: Gateway) -> None:
    answer = get(march, USAGE, expand="summary", **MARCH)
    assert "time_series" not in answer
    assert rows(answer["summary"]) == [
        ("megapixels", 15.0, 0.005, 0.075),
        ("prompt expansions", 1.0, 0.0025, 0.0025),
        ("megapixels", 16.0, 0.01, 0.16),
    ]


@pytest.mark.parametrize(
    ("timeframe", "buckets"),
    [
        ("minute", ["01T10:00", "01T10:59", "01T23:30", "02T12:00", "09T12:00"]),
        ("hour", ["01T10:00", "01T23:00", "02T12:00", "09T12:00"]),
        ("day", ["01T00:00", "02T00:00", "09T00:00"]),
        ("week", ["02T00:00", "09T00:00"]),
        ("month", ["01T00:00"]),
    ],
)
def test_buckets_are_as_long_as_asked(march: Gateway, timeframe: str, buckets: list[str]) -> None:
    days = MARCH | ({"start": "2026-03-02"} if timeframe == "week" else {})
    answer = get(march, USAGE, timeframe=timeframe, **days)
    assert [each["bucket"] for each in answer["time_series"]] == [f"2026-03-{each}:00Z" for each in buckets]


def test_days_are_those_of_a_time_zone(march: Gateway) -> None:
    answer = get(march, USAGE, timezone="Asia/Kathmandu", timeframe="day", **MARCH)
    assert [(each["bucket"], each["results"][0]["quantity"]) for each in answer["time_series"][:2]] == [
        ("2026-03-01T00:00:00+05:45", 3.0),
        ("2026-03-02T00:00:00+05:45", 12.0),
    ]


def test_a_day_of_23_hours_is_one_day(march: Gateway) -> None:
    asked = {"timezone": "Europe/Berlin", "timeframe": "day", "start": "2026-03-29", "end": "2026-03-29"}
    bill = charge("29T21:59", "x", 1.0) | {"job_id": "short"}
    run = march.store.database.inspect
    march.do(run(lambda connection: connection.execute(insert(charges), [bill])))
    try:
        [bucket] = get(march, USAGE, **asked)["time_series"]
        assert bucket["bucket"] == "2026-03-29T00:00:00+01:00"
    finally:
        march.do(run(lambda connection: connection.execute(charges.delete().where(charges.c.job_id == "short"))))


def test_the_whole_is_widened_to_whole_buckets_unless_asked_not_to(march: Gateway) -> None:
    asked = {"start": "2026-03-01T10:30:00Z", "end": "2026-03-01T23:00:00Z", "timeframe": "day"}
    [widened] = get(march, USAGE, **asked)["time_series"]
    [exact] = get(march, USAGE, bound_to_timeframe="false", **asked)["time_series"]
    assert widened["bucket"] == exact["bucket"] == "2026-03-01T00:00:00Z"
    assert [each["results"][0]["quantity"] for each in (widened, exact)] == [7.0, 2.0]


@pytest.mark.parametrize(
    ("end", "timeframe"),
    [("01T01:00", "minute"), ("01T03:00", "hour"), ("09T00:00", "day"), ("31T00:00", "day")],
)
def test_the_length_of_buckets_follows_from_that_of_the_whole(march: Gateway, end: str, timeframe: str) -> None:
    days = {"start": "2026-03-01T00:00", "end": f"2026-03-{end}"}
    assert get(march, USAGE, **days) == get(march, USAGE, timeframe=timeframe, **days)


def test_usage_is_told_by_key(march: Gateway) -> None:
    mine, others = march.keys.list()
    summary = get(march, USAGE, expand="summary,auth_method", **MARCH)["summary"]
    assert {(each["auth_method"], each["auth_method_structured"]["api_key_id"]) for each in summary} == {
        ("Key: operator", mine.id),
        ("Key: other", others.id),
    }
    [only] = get(march, USAGE, expand="summary", api_key_id=others.id, **MARCH)["summary"]
    assert only["quantity"] == 2.0
    assert get(march, USAGE, expand="summary", login_username="local", **MARCH)["summary"] == []
    assert get(march, USAGE, expand="summary", endpoint_id="fal-ai/flux/dev", **MARCH)["summary"] == []


def test_who_needs_no_key_has_a_name(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        gateway.post()
        [line] = get(gateway, USAGE, expand="summary,auth_method", login_username="local")["summary"]
        assert line["auth_method"] == "User: local"
        assert line["auth_method_structured"] == {"detail": "local", "login_username": "local"}
        assert (line["quantity"], line["cost"]) == (0.000768, 0.00000384)
        [event] = get(gateway, EVENTS)["billing_events"]
        units = gateway.http.get(f"/fal-ai/z-image/requests/{event['request_id']}").headers["x-fal-billable-units"]
        assert float(units) == pytest.approx(event["output_units"], abs=5e-5)


def test_buckets_come_page_by_page(march: Gateway) -> None:
    everything = get(march, USAGE, timeframe="hour", **MARCH)["time_series"]
    turned = [page["time_series"] for page in pages(march, USAGE, timeframe="hour", limit=3, **MARCH)]
    assert [len(each) for each in turned] == [3, 1]
    assert [bucket for each in turned for bucket in each] == everything


def test_each_request_has_its_cost(march: Gateway) -> None:
    events = [
        each for page in pages(march, EVENTS, limit=2, expand="auth_method", **MARCH) for each in page["billing_events"]
    ]
    assert [each["timestamp"] for each in events] == sorted((each["timestamp"] for each in events), reverse=True)
    assert len(events) == 5
    expanded = events[1]
    assert expanded["request_id"] == "job-02T12:00"
    assert (expanded["output_units"], expanded["unit_price"], expanded["cost_total"]) == (8.0, 0.005, 0.0425)
    assert expanded["cost_estimate_nano_usd"] == 42_500_000
    assert expanded["auth_method"] == "Key: operator"
    [found] = get(march, EVENTS, request_id="job-09T12:00", **MARCH)["billing_events"]
    assert "auth_method" not in found


def test_requests_are_counted_by_how_they_went(march: Gateway) -> None:
    names = ["request_count", "success_count", "user_error_count", "error_count", "cold_boot_count"]
    names += [f"{reason}_error_count" for reason in ("startup", "connection", "timeout", "runtime")]
    answer = get(march, ANALYTICS, **MINE, **MARCH, expand=["summary", "time_series", *names])
    [whole] = answer["summary"]
    assert whole == {"endpoint_id": ENDPOINT} | dict(zip(names, (15, 11, 1, 3, 0, 1, 1, 0, 1), strict=True))
    assert [(each["bucket"], each["results"][0]["request_count"]) for each in answer["time_series"]] == [
        ("2026-03-05T00:00:00Z", 11),
        ("2026-03-06T00:00:00Z", 4),
    ]


def test_flagged_requests_are_counted(gateway: Gateway) -> None:
    start = written(time.time())
    for prompt in ("nsfw", "a kite", "nsfw"):
        assert gateway.post(wish=WISH | {"prompt": prompt, "num_images": 2}).status_code == 200
    [whole] = get(gateway, ANALYTICS, **MINE, start=start, bound_to_timeframe="false", expand="summary,flagged_count")[
        "summary"
    ]
    assert whole == {"endpoint_id": ENDPOINT, "flagged_count": 2}


def test_waits_and_durations_are_told_in_percentiles(march: Gateway) -> None:
    kinds = [f"p{percent}_prepare_duration" for percent in (50, 75, 90, 95, 99)]
    kinds += [f"p{percent}_duration" for percent in (25, 50, 90, 99)] + ["total_billable_duration"]
    hour = {"start": "2026-03-05T10:00", "end": "2026-03-05T10:30", "timeframe": "hour"}
    answer = get(march, ANALYTICS, **MINE, **hour, expand=["time_series", *kinds])
    [metrics] = answer["time_series"][0]["results"]
    assert metrics == {"endpoint_id": ENDPOINT} | dict(zip(kinds, (5, 8, 9, 10, 10, 30, 50, 90, 100, 550), strict=True))


def test_what_cannot_be_told_is_left_out(march: Gateway) -> None:
    hour = {"start": "2026-03-05T11:00", "end": "2026-03-05T11:30", "timeframe": "hour"}
    asked = ["summary", "p50_duration", "p50_cold_boot_duration"]
    assert get(march, ANALYTICS, **MINE, **hour, expand=asked)["summary"] == [{"endpoint_id": ENDPOINT}]
    empty = get(march, ANALYTICS, **MINE, start="2026-01-01", end="2026-01-02", expand="summary,time_series")
    assert (empty["summary"], empty["time_series"]) == ([], [])


def test_analytics_come_page_by_page(march: Gateway) -> None:
    turned = [page["time_series"] for page in pages(march, ANALYTICS, **MINE, **MARCH, limit=1)]
    assert [len(each) for each in turned] == [1, 1]


def test_a_key_of_scope_api_is_told_of_its_own_requests(march: Gateway) -> None:
    nobody = key(march, "new")
    assert get(march, ANALYTICS, headers=nobody, **MINE, **MARCH)["time_series"] == []


@pytest.mark.parametrize(
    ("path", "asked", "message"),
    [
        (USAGE, {"expand": "auth_method"}, "expand: at least one of"),
        (USAGE, {"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus' cannot be understood"),
        (USAGE, {"timezone": "America"}, "timezone: "),
        (USAGE, {"timezone": "../x"}, "timezone: "),
        (USAGE, {"timeframe": "year"}, "timeframe: Input should be 'minute'"),
        (USAGE, {"bound_to_timeframe": "yes"}, "bound_to_timeframe: "),
        (USAGE, {"cursor": "x"}, "cursor: "),
        (USAGE, {"limit": 1001}, "limit: "),
        (EVENTS, {"limit": 10_001}, "limit: "),
        (EVENTS, {"api_key_id": "\0"}, "api_key_id.0: "),
        (ANALYTICS, MINE | {"expand": "p50_duration"}, "expand: at least one of"),
        (ANALYTICS, MINE | {"expand": "time_series,p51_duration"}, "expand: 'p51_duration' cannot be understood"),
        (ANALYTICS, {}, "endpoint_id: Field required"),
    ],
)
def test_parameters_are_checked(gateway: Gateway, path: str, asked: dict[str, Any], message: str) -> None:
    answer = gateway.http.get(f"/v1{path}", params=asked)
    assert check_refused(answer, 400, "validation_error").startswith(message)
