"""Models, prices, and how the Platform API says no."""

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.api.gateway import WISH, Gateway
from tests.api.platform import MINE, check_refused, get
from tintype.core import ENDPOINT
from tintype.keys import Keys

pytestmark = pytest.mark.case("C72")

CALLS = [
    ("GET", "/models/pricing?endpoint_id=x"),
    ("POST", "/models/pricing/estimate"),
    ("GET", "/models/usage"),
    ("GET", "/models/analytics"),
    ("GET", "/models/billing-events"),
    ("GET", "/models/requests/by-endpoint"),
    ("GET", "/models/requests/search"),
    ("DELETE", "/models/requests/x/payloads"),
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("DELETE", "/keys/x"),
    ("GET", "/account/billing"),
    ("GET", "/storage/settings"),
]


@pytest.mark.parametrize("prefix", ["", "/platform"])
def test_the_one_model_is_listed(gateway: Gateway, prefix: str) -> None:
    answer = gateway.http.get(f"{prefix}/v1/models").json()
    [model] = answer.pop("models")
    assert answer == {"next_cursor": None, "has_more": False}
    about = model["metadata"]
    assert model["endpoint_id"] == ENDPOINT
    assert (about["category"], about["status"], about["kind"]) == ("text-to-image", "active", "inference")
    assert about["model_url"] == f"{gateway.url}/run/{ENDPOINT}"
    assert "openapi" not in model
    assert gateway.http.post(about["model_url"], json=WISH).status_code == 200


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "turbo IMAGE"}, 1),
        ({"q": "video"}, 0),
        ({"category": "text-to-image", "status": "active"}, 1),
        ({"category": "training"}, 0),
        ({"status": "deprecated"}, 0),
        ({"endpoint_id": f"fal-ai/flux/dev,{ENDPOINT}"}, 1),
        ({"endpoint_id": ["fal-ai/flux/dev", ENDPOINT]}, 1),
    ],
)
def test_models_are_searched(gateway: Gateway, asked: dict[str, Any], found: int) -> None:
    assert len(get(gateway, "/models", **asked)["models"]) == found


def test_a_model_comes_with_its_document(gateway: Gateway) -> None:
    [model] = get(gateway, "/models", expand="openapi-3.0,enterprise_status")["models"]
    OpenAPIV30SpecValidator(model["openapi"]).validate()
    assert model["openapi"]["servers"] == [{"url": f"{gateway.url}/queue"}]
    assert model["enterprise_status"]["error"]["code"] == "not_applicable"


def test_prices_are_the_operators(tmp_path: Path) -> None:
    with Gateway(tmp_path, unit_price=0.25, currency="EUR") as gateway:
        price = {"endpoint_id": ENDPOINT, "unit_price": 0.25, "unit": "megapixels", "currency": "EUR"}
        answer = get(gateway, "/models/pricing", **MINE)
        assert answer == {"prices": [price], "next_cursor": None, "has_more": False}


def estimate(gateway: Gateway, kind: str, **quantity: float) -> dict[str, Any]:
    body = {"estimate_type": kind, "endpoints": {ENDPOINT: quantity}}
    answer = gateway.http.post("/v1/models/pricing/estimate", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_so_many_units_cost_so_much(gateway: Gateway) -> None:
    expected = {"estimate_type": "unit_price", "total_cost": 0.0125, "currency": "USD"}
    assert estimate(gateway, "unit_price", unit_quantity=2.5) == expected


def test_calls_cost_what_they_did(tmp_path: Path) -> None:
    with Gateway(tmp_path, unit_price=10) as gateway:
        usual = estimate(gateway, "historical_api_price", call_quantity=2)
        assert usual["total_cost"] == pytest.approx(2 * 10 * 1024 * 768 / 1e6)
        for side in (16, 32):
            gateway.post(wish=WISH | {"image_size": {"width": side, "height": 10}})
        known = estimate(gateway, "historical_api_price", call_quantity=1000)
        assert known == {
            "estimate_type": "historical_api_price",
            "total_cost": pytest.approx(1000 * 10 * 24 * 10 / 1e6),
            "currency": "USD",
        }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "estimate_type: allowed are 'unit_price' and 'historical_api_price'"),
        ([], "body: Input should be a valid dictionary"),
        ({"estimate_type": "unit_price"}, "endpoints: Field required"),
        ({"estimate_type": "unit_price", "endpoints": {}}, "endpoints: Dictionary should have at least 1 item"),
        (
            {"estimate_type": "unit_price", "endpoints": {ENDPOINT: {"call_quantity": 1}}},
            "endpoints.fal-ai/z-image/turbo.unit_quantity: Field required",
        ),
        (
            {"estimate_type": "historical_api_price", "endpoints": {ENDPOINT: {"call_quantity": -1}}},
            "endpoints.fal-ai/z-image/turbo.call_quantity: Input should be greater than or equal to 0",
        ),
    ],
)
def test_an_estimate_of_nonsense_is_refused(gateway: Gateway, body: Any, message: str) -> None:
    answer = gateway.http.post("/v1/models/pricing/estimate", json=body)
    assert check_refused(answer, 400, "validation_error").startswith(message)


def test_an_estimate_for_another_model_is_refused(gateway: Gateway) -> None:
    for quantities in ({"unit_quantity": 1}, {ENDPOINT: {"unit_quantity": 1}, "x": {"unit_quantity": 1}}):
        endpoints = quantities if ENDPOINT in quantities else {"x": quantities}
        body = {"estimate_type": "unit_price", "endpoints": endpoints}
        answer = gateway.http.post("/v1/models/pricing/estimate", json=body)
        assert "None of x is served here" in check_refused(answer, 404, "not_found")


@pytest.mark.parametrize("path", ["/models", "/models/pricing", "/models/analytics", "/models/requests/by-endpoint"])
def test_another_model_is_not_found(gateway: Gateway, path: str) -> None:
    answer = gateway.http.get(f"/v1{path}", params={"endpoint_id": "fal-ai/flux/dev"})
    assert ENDPOINT in check_refused(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/models?status=old", "status: Input should be 'active' or 'deprecated'"),
        ("/models?limit=0", "limit: Input should be greater than or equal to 1"),
        ("/models?expand=everything", "expand.0: Input should be 'openapi-3.0' or 'enterprise_status'"),
        ("/models/pricing", "endpoint_id: Field required"),
        ("/models/pricing?endpoint_id=", "endpoint_id: Value should have at least 1 item"),
        ("/models/pricing?endpoint_id=%00", "endpoint_id.0: String should match pattern"),
        ("/models/pricing?endpoint_id=" + ",".join("a" * 51), "endpoint_id: Value should have at most 50 items"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(gateway: Gateway, path: str, message: str) -> None:
    assert check_refused(gateway.http.get(f"/v1{path}"), 400, "validation_error").startswith(message)


def test_what_is_not_json_is_refused(gateway: Gateway) -> None:
    answer = gateway.http.post("/v1/models/pricing/estimate", content=b"{")
    assert "JSON decode error" in check_refused(answer, 400, "validation_error")


def test_without_a_key_nothing_is_told(tmp_path: Path) -> None:
    Keys(tmp_path).create("only", "ADMIN")
    with Gateway(tmp_path, painting=False) as gateway:
        for method, path in CALLS:
            check_refused(gateway.http.request(method, f"/v1{path}"), 401, "authorization_error")
        for open_to_all in ("/models", "/meta"):
            assert gateway.http.get(f"/v1{open_to_all}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/models/requests/search"),
        ("GET", "/storage/settings"),
        ("PUT", "/storage/settings"),
        ("POST", "/storage/files/sign"),
        ("GET", "/storage/files/acl"),
        ("PUT", "/storage/files/acl"),
        ("GET", "/account/model-access-controls"),
    ],
)
def test_what_is_not_built_says_so(gateway: Gateway, method: str, path: str) -> None:
    message = check_refused(gateway.http.request(method, f"/v1{path}"), 501, "not_implemented")
    assert message.startswith("This is not built here.")


def test_what_nobody_knows_is_not_found(gateway: Gateway) -> None:
    check_refused(gateway.http.get("/v1/nothing"), 404, "not_found")
    answer = gateway.http.post("/v1/models")
    check_refused(answer, 405, "validation_error")
    assert answer.headers["allow"] == "GET"
    assert gateway.http.get("/v1/images/nothing").json()["detail"]


def test_webhooks_come_from_no_range_that_is_known_here(gateway: Gateway) -> None:
    assert get(gateway, "/meta") == {"webhook_ip_ranges": []}


def test_our_own_mistakes_have_the_same_form(tmp_path: Path) -> None:
    with Gateway(tmp_path, painting=False) as gateway:
        (tmp_path / "keys.json").write_text("damaged")
        assert check_refused(gateway.http.get("/v1/keys"), 500, "server_error") == "Internal error"
