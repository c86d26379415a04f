"""fal's OpenAPI document of the queue: what it says is fal's, and is true here."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from openapi_schema_validator import OAS30Validator
from schemathesis import Case

from tests.api.gateway import PATH, QUEUE, RUN, WISH, Gateway

ADDRESS = "/api/openapi/queue/openapi.json"
ENDPOINT = "fal-ai/z-image/turbo"


def fetch(gateway: Gateway, prefix: str = "", **headers: str) -> dict[str, Any]:
    answer = gateway.http.get(prefix + ADDRESS, params={"endpoint_id": ENDPOINT}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


@pytest.fixture(scope="module")
def document(gateway: Gateway) -> dict[str, Any]:
    return fetch(gateway)


@pytest.mark.case("C70")
def test_its_outline_is_fals(gateway: Gateway, document: dict[str, Any]) -> None:
    about, schemas = document["info"]["x-fal-metadata"], document["components"]["schemas"]
    assert document["openapi"] == "3.0.4"
    assert about["endpointId"] == ENDPOINT
    assert about["playgroundUrl"] == f"{gateway.url}/models/{ENDPOINT}"
    assert document["servers"] == [{"url": f"{gateway.url}/queue"}]
    assert {path: list(methods) for path, methods in document["paths"].items()} == {
        PATH: ["post"],
        f"{PATH}/requests/{{request_id}}": ["get"],
        f"{PATH}/requests/{{request_id}}/status": ["get"],
        f"{PATH}/requests/{{request_id}}/cancel": ["put"],
    }
    assert {name: schema["required"] for name, schema in schemas.items() if name.startswith(("Z", "Queue", "Image"))
            if "required" in schema} == {
        "ZImageTurboInput": ["prompt"],
        "ZImageTurboOutput": ["images", "timings", "seed", "has_nsfw_concepts", "prompt"],
        "QueueStatus": ["status", "request_id"],
        "Image": ["url"],
    }  # fmt: skip
    assert schemas["ZImageTurboInput"]["x-fal-order-properties"][:3] == ["prompt", "image_size", "num_inference_steps"]
    assert all("x-fal-order-properties" in schema for schema in schemas.values())


def test_it_speaks_3_0(document: dict[str, Any]) -> None:
    asked = document["components"]["schemas"]["ZImageTurboInput"]["properties"]
    size = document["components"]["schemas"]["ImageSize"]["properties"]["width"]
    assert asked["seed"].items() >= {"type": "integer", "nullable": True}.items()
    assert size.items() >= {"minimum": 0, "exclusiveMinimum": True, "maximum": 14142, "default": 512}.items()
    assert asked["image_size"]["anyOf"][0] == {"$ref": "#/components/schemas/ImageSize"}
    assert asked["image_size"]["anyOf"][1]["enum"][0] == "square_hd"
    assert "examples" not in asked["prompt"]


def test_its_server_is_the_one_that_was_asked(gateway: Gateway) -> None:
    for prefix in ("", "/run", "/queue"):
        assert fetch(gateway, prefix, host="paint.test:81")["servers"] == [{"url": "http://paint.test:81/queue"}]


@pytest.mark.parametrize(
    ("asked", "status"), [({}, 400), ({"endpoint_id": ""}, 400), ({"endpoint_id": "fal-ai/x"}, 404)]
)
def test_without_an_endpoint_or_with_anothers(gateway: Gateway, asked: dict[str, str], status: int) -> None:
    answer = gateway.http.get(ADDRESS, params=asked)
    assert answer.status_code == status
    assert asked.get("endpoint_id") or "endpoint_id" in answer.json()["detail"]


@pytest.mark.case("C70")
def test_its_example_is_accepted_and_painted(gateway: Gateway, document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["ZImageTurboInput"]["properties"]
    wish = {name: field.get("example", field.get("default", 7)) for name, field in fields.items()}
    submitted = gateway.post(QUEUE, wish).raise_for_status().json()
    gateway.completed(submitted)
    assert gateway.http.get(submitted["response_url"]).status_code == 200


@pytest.mark.case("C70")
def test_whatever_it_allows_is_accepted(tmp_path: Path) -> None:
    with Gateway(tmp_path, max_pixels=64 * 64) as gateway:
        operation = schemathesis.openapi.from_dict(fetch(gateway))[PATH]["POST"]

        @given(case=operation.as_strategy())
        @settings(max_examples=10, deadline=None, derandomize=True)
        def accepted(case: Case) -> None:
            answer = gateway.post(RUN, case.body)
            # How many pixels are too many is the operator's to say, so the document cannot; it is looked at last.
            assert answer.status_code == 200 or answer.json()["detail"][0]["type"] == "image_too_large", answer.text

        accepted()


@pytest.mark.case("C70")
def test_every_state_of_a_request_is_within_its_schema(paused: Gateway) -> None:
    components = fetch(paused)["components"]

    def check(name: str, path: str, status: int, method: str = "GET") -> dict[str, Any]:
        answer = paused.http.request(method, path)
        assert answer.status_code == status
        OAS30Validator({**components["schemas"][name], "components": components}).validate(answer.json())
        return answer.json()

    running, waiting = paused.submit(), paused.submit()
    refused = paused.post(QUEUE, WISH | {"num_images": 9}).json()
    paused.until(running, "IN_PROGRESS")
    assert check("QueueStatus", f"{running['status_url']}?logs=1", 202)["logs"]
    assert check("QueueStatus", waiting["status_url"], 202)["queue_position"] == 0
    check("Error", waiting["response_url"], 400)
    check("QueueStatus", refused["status_url"], 200)
    check("Error", refused["response_url"], 422)
    check("Cancellation", waiting["cancel_url"], 202, "PUT")
    check("QueueStatus", waiting["status_url"], 200)
    check("Error", waiting["response_url"], 499)
    check("Error", waiting["cancel_url"], 400, "PUT")
    paused.may_paint.set()
    paused.completed(running)
    check("QueueStatus", f"{running['status_url']}?logs=1", 200)
    check("ZImageTurboOutput", running["response_url"], 200)
