"""fal's Python client 1.0.3, pointed here by ``tintype env``."""

import time
from typing import Any

import httpx
import pytest

from tests.conformance.clients import Clients, check_output
from tests.e2e.server import ENDPOINT, Server

PYTHON = dict[str, str]


@pytest.fixture(scope="module")
def ran(clients: Clients, python_here: PYTHON) -> Any:
    return clients.python("run.py", **python_here)


@pytest.fixture(scope="module")
def subscribed(clients: Clients, python_here: PYTHON) -> Any:
    return clients.python("subscribe.py", **python_here)


@pytest.mark.case("C12")
def test_run_answers_with_pictures_that_are_what_it_says(ran: Any) -> None:
    check_output(**ran["run"])
    assert [image["content_type"] for image in ran["run"]["output"]["images"]] == ["image/webp"] * 2


@pytest.mark.case("C13")
def test_run_async_needs_no_redirect(ran: Any) -> None:
    check_output(**ran["run_async"])
    assert ran["run_async"]["output"]["seed"] == 7


@pytest.mark.case("C52")
def test_sync_mode_is_a_data_uri_that_python_decodes(ran: Any) -> None:
    inline = ran["inline"]
    check_output(inline["output"], inline["files"])
    assert inline["begins"] == ["data:image/webp;base64,"] * 2


@pytest.mark.case("C58")
def test_a_failure_of_the_model_is_not_tried_again(ran: Any) -> None:
    failed = ran["failed"]
    assert (failed["status"], failed["type"]) == (500, "internal_error")
    assert len(failed["requests"]) == 1


@pytest.mark.case("C2", "C21")
def test_subscribe_sees_each_state_with_logs_that_are_lists(subscribed: Any) -> None:
    words = [
        word for word, before in zip(subscribed["words"], [None, *subscribed["words"]], strict=False) if word != before
    ]
    assert words[-2:] == ["InProgress", "Completed"]
    assert set(words) <= {"Queued", "InProgress", "Completed"}
    assert sum(line.startswith("step ") for line in subscribed["lines"]) == 10
    check_output(subscribed["output"], subscribed["files"])
    assert all(each.split()[1].startswith("/queue/fal-ai/") for each in subscribed["requests"])


@pytest.mark.case("C34")
def test_a_refused_input_is_a_422_with_a_list(subscribed: Any) -> None:
    refused = subscribed["refused"]
    assert refused["status"] == 422
    (entry,) = refused["body"]["detail"]
    assert (entry["loc"], entry["type"], entry["ctx"]) == (["body", "num_images"], "less_than_equal", {"le": 4})
    assert refused["detail"] == refused["body"]["detail"]


@pytest.mark.case("C25")
def test_another_process_reads_by_the_id_alone(clients: Clients, python_here: PYTHON) -> None:
    submitted = clients.python("handle.py", "submit", **python_here)
    assert all("/turbo" not in url for url in submitted["urls"])
    read = clients.python("handle.py", "read", submitted["id"], **python_here)
    assert read["status"] == "Completed"
    check_output(read["output"], read["files"])


@pytest.mark.case("C30")
def test_what_is_cancelled_while_it_waits_never_runs(clients: Clients, python_here: PYTHON) -> None:
    cancelled = clients.python("handle.py", "cancel_waiting", **python_here)
    assert cancelled["position"] == 0
    assert cancelled["word"] == "Completed"
    assert not any("step" in line["message"] for line in cancelled["logs"])
    assert cancelled["result"] == {"status": 499, "type": "client_cancelled"}


@pytest.mark.case("C33")
def test_a_clients_own_timeout_cancels_once_and_frees_the_worker(
    fake: Server, clients: Clients, python_here: PYTHON
) -> None:
    gave_up = clients.python("handle.py", "client_timeout", **python_here)
    (cancel,) = gave_up["cancels"]
    assert cancel.startswith("PUT ")
    assert cancel.endswith(" 202")
    quick = {"prompt": "a house", "num_inference_steps": 1, "image_size": {"width": 32, "height": 32}}
    started = time.monotonic()
    httpx.post(fake.url + ENDPOINT, json=quick).raise_for_status()
    assert time.monotonic() - started < 5, "all of it would have taken 24"


@pytest.mark.case("C36")
def test_who_will_not_wait_to_be_started_is_told_once(fake: Server, clients: Clients, python_here: PYTHON) -> None:
    ahead = fake.submit(prompt="slow:0.3", num_inference_steps=30)
    told = clients.python("start_timeout.py", **python_here)
    httpx.put(ahead["cancel_url"]).raise_for_status()
    for asked in told.values():
        assert (asked["status"], asked["kind"]) == (504, "user")
    assert len(told["run"]["requests"]) == 1
    assert len(told["subscribe"]["requests"]) == 2, "the submit, and its result"
