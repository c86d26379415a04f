"""fal's JavaScript client 1.10.1 on Node, with nothing configured: names and trust alone lead it here."""

from typing import Any

import httpx
import pytest

from tests.conformance.clients import Clients, check_output
from tests.conformance.names import Names
from tests.e2e.server import Server


@pytest.fixture(scope="module")
def ran(clients: Clients, names: Names) -> Any:
    return clients.node("run.mjs", names=names)


@pytest.fixture(scope="module")
def subscribed(clients: Clients, names: Names) -> Any:
    return clients.node("subscribe.mjs", names=names)


@pytest.fixture(scope="module")
def cancelled(clients: Clients, names: Names) -> Any:
    return clients.node("cancel.mjs", names=names)


@pytest.mark.case("C14")
def test_run_has_the_data_and_the_id_of_its_header(ran: Any) -> None:
    plain = ran["plain"]
    check_output(plain["data"], plain["files"])
    assert plain["requestId"] == plain["header"]
    assert len(plain["requestId"]) == 36


@pytest.mark.case("C18")
def test_a_whole_address_as_the_id_ends_in_a_slash(ran: Any) -> None:
    assert ran["whole"] == {"images": 2, "path": "/fal-ai/z-image/turbo/", "status": 200}


@pytest.mark.case("C17")
def test_run_without_input_names_the_prompt_after_one_request(ran: Any) -> None:
    empty = ran["empty"]
    assert (empty["name"], empty["status"], len(empty["requests"])) == ("ValidationError", 422, 1)
    (entry,) = empty["prompt"]
    assert (entry["loc"], entry["type"]) == (["body", "prompt"], "missing")
    assert empty["requestId"] == empty["requests"][0]["id"]


@pytest.mark.case("C50")
def test_a_drawn_seed_fed_back_gives_the_same_bytes(ran: Any) -> None:
    assert ran["again"] == {"seed": ran["plain"]["data"]["seed"], "same": True}
    assert ran["again"]["seed"] < 2**53


@pytest.mark.case("C52")
def test_sync_mode_is_a_data_uri_that_node_decodes(fake: Server, ran: Any) -> None:
    inline = ran["inline"]
    assert inline["begins"] == ["data:image/png;base64,"] * 2
    check_output(inline["data"], inline["files"])
    assert not list((fake.home / "files").rglob(f"*{inline['requestId']}*"))


@pytest.mark.case("C58")
def test_a_failure_of_the_model_is_not_tried_again(ran: Any) -> None:
    crashed = ran["crashed"]
    assert (crashed["name"], crashed["status"], len(crashed["requests"])) == ("ApiError", 500, 1)
    assert crashed["body"] == {"detail": "Internal error", "error_type": "internal_error"}


@pytest.mark.case("C5")
def test_subscribe_by_polling(subscribed: Any) -> None:
    polled = subscribed["polled"]
    assert polled["words"][-1] == "COMPLETED"
    assert "IN_PROGRESS" in polled["words"]
    assert sum(line.startswith("step ") for line in polled["lines"]) == 10
    assert set(polled["data"]) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
    assert polled["requestId"]


@pytest.mark.case("C23")
def test_subscribe_by_stream_hears_each_line_once(subscribed: Any) -> None:
    streamed = subscribed["streamed"]
    assert streamed["words"][-1] == "COMPLETED"
    assert len(streamed["lines"]) == len(set(streamed["lines"]))
    steps = [line.split(",")[0] for line in streamed["lines"] if line.startswith("step ")]
    assert steps == [f"step {n}/10" for n in range(1, 11)]
    assert len(streamed["data"]["images"]) == 1


@pytest.mark.case("C34")
def test_a_refused_input_names_its_field(subscribed: Any) -> None:
    refused = subscribed["refused"]
    assert (refused["name"], refused["status"]) == ("ValidationError", 422)
    (entry,) = refused["fields"]
    assert (entry["type"], entry["ctx"]) == ("less_than_equal", {"le": 4})


@pytest.mark.case("C31")
def test_cancel_stops_the_work_within_a_step(cancelled: Any) -> None:
    by_hand = cancelled["byHand"]
    assert by_hand["answer"] is None, "queue.cancel resolves with nothing"
    assert by_hand["seconds"] < 3, "all of it would take 24"
    assert (by_hand["result"]["status"], by_hand["result"]["body"]["error_type"]) == (499, "client_cancelled")


@pytest.mark.case("C33")
def test_the_clients_timeout_cancels_once_and_frees_the_worker(cancelled: Any) -> None:
    by_timeout = cancelled["byTimeout"]
    assert "timed out" in by_timeout["message"]
    cancels = [each for each in by_timeout["requests"] if each["method"] == "PUT"]
    assert [(each["path"].split("/")[-1], each["status"]) for each in cancels] == [("cancel", 202)]
    assert by_timeout["seconds"] < 3


@pytest.mark.case("C36")
def test_who_will_not_wait_to_be_started_is_told_once(fake: Server, clients: Clients, names: Names) -> None:
    ahead = fake.submit(prompt="slow:0.3", num_inference_steps=30)
    told = clients.node("start_timeout.mjs", names=names)
    httpx.put(ahead["cancel_url"]).raise_for_status()
    for asked in told.values():
        assert asked["status"] == 504
        assert asked["error"]["timeoutType"] == "user"
    assert len(told["run"]["requests"]) == 1
    assert [each["method"] for each in told["subscribed"]["requests"]] == ["POST", "GET"]


@pytest.mark.case("C15")
def test_vercels_sdk_generates_an_image(fake: Server, clients: Clients) -> None:
    made = clients.node("ai_sdk.mjs", fake.url, FAL_API_KEY="any:key")
    (image,) = made["images"]
    assert image["content_type"] == "image/png"
