"""What was asked and answered, and how it is forgotten."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from tests.api.gateway import QUEUE, RUN, WISH, Gateway
from tests.api.platform import MINE, check_refused, get, key, pages
from tintype.core import ENDPOINT, Job, Params, State, Terms
from tintype.files import PREVIEWS, preview_key
from tintype.keys import Keys
from tintype.store.tables import as_row, jobs

pytestmark = pytest.mark.case("C72")

HISTORY = "/models/requests/by-endpoint"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose client has a key of scope ADMIN."""
    home = tmp_path_factory.mktemp("home")
    made = Keys(home).create("operator", "ADMIN")
    with Gateway(home) as gateway:
        gateway.http.headers["authorization"] = f"Key {made}"
        yield gateway


def items(gateway: Gateway, headers: dict[str, str] | None = None, **asked: Any) -> list[dict[str, Any]]:
    return get(gateway, HISTORY, headers=headers, **MINE, **asked)["items"]


def one(gateway: Gateway, request_id: str, **asked: Any) -> dict[str, Any]:
    [item] = items(gateway, request_id=request_id, **asked)
    return item


def delete(gateway: Gateway, request_id: str, **headers: str) -> httpx.Response:
    return gateway.http.delete(f"/v1/models/requests/{request_id}/payloads", headers=headers)


def test_a_finished_request_is_told_with_its_times(gateway: Gateway) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    item = one(gateway, submitted["request_id"])
    assert (item["endpoint_id"], item["status_code"]) == (ENDPOINT, 200)
    assert item["sent_at"] <= item["started_at"] <= item["ended_at"]
    assert 0 <= item["duration"] < 20
    assert "json_input" not in item


def test_payloads_are_what_was_sent_and_answered(gateway: Gateway) -> None:
    submitted = gateway.submit(prompt="exactly this", unknown=[1])
    gateway.completed(submitted)
    item = one(gateway, submitted["request_id"], expand="payloads")
    assert item["json_input"] == WISH | {"prompt": "exactly this", "unknown": [1]}
    assert item["json_output"] == gateway.http.get(submitted["response_url"]).json()


def test_the_deepest_input_that_is_taken_can_be_shown(gateway: Gateway) -> None:
    deep: list[Any] = []
    for _ in range(98):
        deep = [deep]
    submitted = gateway.submit(unknown=deep)
    gateway.completed(submitted)
    assert one(gateway, submitted["request_id"], expand="payloads")["json_input"]["unknown"] == deep


def test_a_refused_request_is_there_too(gateway: Gateway) -> None:
    refused = gateway.submit(num_images=9)
    item = one(gateway, refused["request_id"], expand="payloads", status="user_error")
    assert (item["status_code"], item["duration"]) == (422, 0)
    assert item["json_output"] == gateway.http.get(refused["response_url"]).json()
    assert items(gateway, request_id=refused["request_id"], status="success") == []


@pytest.mark.parametrize("path", [RUN, QUEUE])
def test_what_was_not_to_be_kept_is_not_shown(gateway: Gateway, path: str) -> None:
    answer = gateway.post(path, headers={"x-fal-store-io": "0"})
    request_id = answer.headers["x-fal-request-id"]
    gateway.completed({"status_url": f"/queue/fal-ai/z-image/requests/{request_id}/status"})
    item = one(gateway, request_id, expand="payloads")
    assert (item["json_input"], item["json_output"]) == (None, None)


def test_data_uris_are_not_in_the_history(gateway: Gateway) -> None:
    answer = gateway.post(wish=WISH | {"sync_mode": True})
    item = one(gateway, answer.headers["x-fal-request-id"], expand="payloads")
    assert item["json_input"]["sync_mode"] is True
    assert item["json_output"] is None


def test_prompts_are_searched_but_not_those_that_are_not_kept(gateway: Gateway) -> None:
    for prompt, headers in (("50%_of Gnus", {}), ("50 gnus", {}), ("gnus in secret", {"x-fal-store-io": "0"})):
        assert gateway.post(wish=WISH | {"prompt": prompt}, headers=headers).status_code == 200
    found = items(gateway, prompt_contains="gnus", expand="payloads")
    assert [each["json_input"]["prompt"] for each in found] == ["50 gnus", "50%_of Gnus"]
    assert len(items(gateway, prompt_contains="%_OF")) == 1
    for wrong in ("", "\x00", "a" * 201):
        answer = gateway.http.get(f"/v1{HISTORY}", params={**MINE, "prompt_contains": wrong})
        check_refused(answer, 400, "validation_error")


def test_a_key_sees_its_own_and_an_admin_all(two: Gateway) -> None:
    other = key(two, "other")
    ids = [two.post(headers=headers).headers["x-fal-request-id"] for headers in ({}, other)]
    assert [each["request_id"] for each in items(two, headers=other)] == [ids[1]]
    assert {each["request_id"] for each in items(two)} >= set(ids)
    assert items(two, headers=other, request_id=ids[0]) == []


def test_nobody_but_an_admin_deletes_and_an_admin_deletes_all(two: Gateway) -> None:
    other = key(two, "other")
    answer = two.post(headers=other)
    request_id = answer.headers["x-fal-request-id"]
    check_refused(delete(two, request_id, **other), 403, "authorization_error")
    assert len(delete(two, request_id).json()["cdn_delete_results"]) == 1
    assert httpx.get(answer.json()["images"][0]["url"]).status_code == 404


def test_deleted_payloads_are_gone_everywhere(gateway: Gateway) -> None:
    submitted = gateway.submit(prompt="to be forgotten", num_images=2)
    gateway.completed(submitted)
    request_id = submitted["request_id"]
    gateway.do(gateway.files.put(preview_key(request_id, 1, 0, 1), b"small"))
    urls = [image["url"] for image in gateway.http.get(submitted["response_url"]).json()["images"]]
    assert [gateway.http.get(url).status_code for url in urls] == [200, 200]

    answer = delete(gateway, request_id)
    assert answer.status_code == 200
    assert answer.json() == {"cdn_delete_results": [{"link": url, "exception": None} for url in urls]}

    assert [gateway.http.get(url).status_code for url in urls] == [404, 404]
    result = gateway.http.get(submitted["response_url"])
    assert (result.status_code, result.json()) == (404, {"detail": "Request not found"})
    item = one(gateway, request_id, expand="payloads")
    assert (item["status_code"], item["json_input"], item["json_output"]) == (200, None, None)
    status = gateway.http.get(submitted["status_url"], params={"logs": 1}).json()
    assert (status["status"], status["logs"]) == ("COMPLETED", [])
    for folder in (request_id, f"{PREVIEWS}{request_id}"):
        assert gateway.do(gateway.files.keys(folder)) == []

    again = delete(gateway, request_id)
    assert (again.status_code, again.json()) == (200, {"cdn_delete_results": []})


def test_who_repeats_an_idempotency_key_hears_the_same(gateway: Gateway) -> None:
    request_id = gateway.post().headers["x-fal-request-id"]
    answers = [delete(gateway, request_id, **{"idempotency-key": name}).json() for name in ("a", "a", "b")]
    assert len(answers[0]["cdn_delete_results"]) == 1
    assert answers[1] == answers[0]
    assert answers[2] == {"cdn_delete_results": []}


def test_a_deleted_refusal_quotes_nothing(gateway: Gateway) -> None:
    refused = gateway.submit(num_images="to be forgotten")
    assert "to be forgotten" in gateway.http.get(refused["response_url"]).text
    assert delete(gateway, refused["request_id"]).json() == {"cdn_delete_results": []}
    result = gateway.http.get(refused["response_url"])
    assert (result.status_code, result.json()["detail"]) == (422, "The payloads of this request were deleted")


def test_inline_pictures_are_deleted_too(gateway: Gateway) -> None:
    submitted = gateway.submit(sync_mode=True)
    gateway.completed(submitted)
    assert len(delete(gateway, submitted["request_id"]).json()["cdn_delete_results"]) == 1
    assert gateway.http.get(submitted["response_url"]).status_code == 404


def test_pictures_with_an_end_are_deleted_before_it(gateway: Gateway) -> None:
    answer = gateway.post(headers={"x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 600}'})
    url = answer.json()["images"][0]["url"]
    assert "/until/" in url
    [deleted] = delete(gateway, answer.headers["x-fal-request-id"]).json()["cdn_delete_results"]
    assert deleted == {"link": url, "exception": None}
    assert gateway.http.get(url).status_code == 404


def test_a_request_that_is_not_over_keeps_its_payloads(paused: Gateway) -> None:
    submitted = paused.submit()
    assert "still in progress" in check_refused(delete(paused, submitted["request_id"]), 400, "validation_error")
    assert items(paused) == []


@pytest.mark.parametrize("request_id", ["nothing", "%00", "%F0%9F%97%BC"])
def test_unknown_requests_are_not_found(gateway: Gateway, request_id: str) -> None:
    check_refused(delete(gateway, request_id), 404, "not_found")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"limit": 101}, "limit: Input should be less than or equal to 100"),
        ({"status": "failed"}, "status: Input should be 'success', 'user_error' or 'error'"),
        ({"sort_by": "size"}, "sort_by: Input should be 'ended_at' or 'duration'"),
        ({"request_id": "\0"}, "request_id: String should match"),
        ({"start": "yesterday"}, "start: 'yesterday' cannot be understood"),
        ({"end": "1999-12-31"}, "end: '1999-12-31' cannot be understood"),
        ({"start": "2026-02-02", "end": "2026-02-01"}, "start: 2026-02-02T00:00:00+00:00 is after the end"),
        *(({"cursor": text}, "cursor: ") for text in ("x", "AAAA", "W10=", "WyJlbmRlZF9hdCIsIDFlOTksICIiXQ==", "é")),
    ],
)
def test_parameters_are_checked(gateway: Gateway, asked: dict[str, Any], message: str) -> None:
    answer = gateway.http.get(f"/v1{HISTORY}", params=MINE | asked)
    assert check_refused(answer, 400, "validation_error").startswith(message)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with 5,000 requests behind it, one a second until now."""
    with Gateway(tmp_path_factory.mktemp("home"), painting=False) as gateway:
        began = time.time() - 5000
        rows = [row(n, began) for n in range(5000)]
        gateway.do(gateway.store.database.inspect(lambda connection: connection.execute(insert(jobs), rows)))
        yield gateway


def row(n: int, began: float) -> dict[str, Any]:
    params = Params("a long prompt " * 20, 1024, 768, 8, n, 1, "png", False, "none", True, False)
    result = {"images": [], "seed": n, "prompt": params.prompt, "flagged": [], "timings": {}}
    job = Job(f"job-{n:04}", "local", params, {"prompt": params.prompt}, Terms())
    ended = began + n
    times = {"created_at": ended - 2, "started_at": ended - 1 - n % 7, "finished_at": ended}
    return as_row(job) | {"state": State.DONE, "result": result} | times


def test_a_long_history_is_turned_over_page_by_page(long: Gateway) -> None:
    seen = [each["request_id"] for page in pages(long, HISTORY, **MINE, limit=100) for each in page["items"]]
    assert seen == [f"job-{n:04}" for n in reversed(range(5000))]


def test_the_longest_come_first_if_so_asked(long: Gateway) -> None:
    found = [page["items"] for page in pages(long, HISTORY, **MINE, limit=100, sort_by="duration")]
    durations = [each["duration"] for page in found[:10] for each in page]
    assert durations[0] == pytest.approx(7)
    assert durations == sorted(durations, reverse=True)
    assert len({each["request_id"] for page in found for each in page}) == 5000


def test_a_cursor_is_good_for_its_own_question_only(long: Gateway) -> None:
    cursor = get(long, HISTORY, **MINE, limit=1)["next_cursor"]
    answer = long.http.get(f"/v1{HISTORY}", params=MINE | {"cursor": cursor, "sort_by": "duration"})
    check_refused(answer, 400, "validation_error")


def test_history_can_be_cut_by_time(long: Gateway) -> None:
    item = items(long, request_id="job-2000")[0]
    [found] = items(long, start=item["ended_at"], limit=1, end=_later(item["ended_at"]))
    assert found["request_id"] == "job-2000"


def _later(moment: str) -> str:
    """Half a second, within the same second or the next."""
    return (datetime.fromisoformat(moment) + timedelta(seconds=0.5)).isoformat()


def test_a_page_of_a_long_history_is_quick(long: Gateway) -> None:
    def fastest(ask: Callable[[], object]) -> float:
        took: list[float] = []
        for _ in range(5):
            began = time.perf_counter()
            ask()
            took.append(time.perf_counter() - began)
        return min(took)

    nothing = fastest(lambda: get(long, "/meta"))
    assert fastest(lambda: items(long, limit=50, expand="payloads")) - nothing < 0.05


def test_the_history_survives_a_restart(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        request_id = gateway.post().headers["x-fal-request-id"]
    with Gateway(tmp_path) as gateway:
        assert one(gateway, request_id, expand="payloads")["json_input"] == WISH
