"""The whole Platform API on one screen."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tintype.api.platform import analytics, billing, history, keys, meta, models, pricing, usage
from tintype.api.platform.errors import PlatformError, Route
from tintype.api.platform.payloads import DeletedPayloads, Payloads
from tintype.core import JSON

BODIES: list[type[BaseModel]] = [pricing.UnitPriceEstimate, pricing.HistoricalEstimate, keys.KeyWanted]
"""What is sent; for the document."""
REFUSED: dict[int | str, JSON] = {"default": {"model": PlatformError, "description": "Why not."}}
KEEP_SHORT = (
    "Send X-Fal-Object-Lifecycle-Preference with a request or an upload; all files are public to who has the URL."
)
ABSENT = (
    ("GET", "/models/requests/search", "List requests with /v1/models/requests/by-endpoint."),
    ("GET", "/storage/settings", KEEP_SHORT),
    ("PUT", "/storage/settings", KEEP_SHORT),
    ("POST", "/storage/files/sign", KEEP_SHORT),
    ("GET", "/storage/files/acl", KEEP_SHORT),
    ("PUT", "/storage/files/acl", KEEP_SHORT),
    ("GET", "/account/model-access-controls", "Whoever has a key may call the model."),
)


def router() -> APIRouter:
    """Everything below ``/v1`` but OpenAI's images endpoint."""
    made = APIRouter(prefix="/v1", route_class=Route, responses=REFUSED)

    def add(method: str, path: str, endpoint: Any, summary: str, model: Any, **more: Any) -> None:
        made.add_api_route(
            path,
            endpoint,
            methods=[method],
            summary=summary,
            response_model=model,
            response_model_exclude_unset=True,
            **more,
        )

    add("GET", "/models", models.models, "Which models are here", models.Models)
    add("GET", "/models/pricing", pricing.pricing, "What they cost", pricing.Prices)
    add("POST", "/models/pricing/estimate", pricing.estimate, "What so much would cost", pricing.Estimate, **_ESTIMATE)
    add("GET", "/models/usage", usage.usage, "What was made and cost (ADMIN)", usage.Usage)
    add("GET", "/models/analytics", analytics.analytics, "How requests went", analytics.Analytics)
    add("GET", "/models/billing-events", billing.events, "What each request cost (ADMIN)", billing.Events)
    add("GET", "/models/requests/by-endpoint", history.history, "Requests that are over", history.PastRequests)
    add("DELETE", "/models/requests/{request_id}/payloads", Payloads().delete, "Forget it (ADMIN)", DeletedPayloads)
    add("GET", "/keys", keys.show, "The API keys (ADMIN)", keys.ShownKeys)
    add("POST", "/keys", keys.create, "A new API key (ADMIN)", keys.MadeKey, status_code=201, **_KEY)
    add("DELETE", "/keys/{key_id}", keys.revoke, "Revoke an API key (ADMIN)", None, status_code=204)
    add("GET", "/account/billing", billing.billing, "Whose account this is (ADMIN)", billing.Billing)
    add("GET", "/meta", meta.meta, "Where webhooks come from", meta.Meta)
    for method, path, instead in ABSENT:
        add(method, path, meta.absent(instead), "Not built: 501", None, include_in_schema=False)
    return made


def _body(*models: type[BaseModel]) -> JSON:
    schemas = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}}


_ESTIMATE = _body(pricing.UnitPriceEstimate, pricing.HistoricalEstimate)
_KEY = _body(keys.KeyWanted)
