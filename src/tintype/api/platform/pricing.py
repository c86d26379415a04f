"""What pictures cost: prices are the operator's settings, and nobody is charged by this server."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, Field

from tintype.api.body import read_json
from tintype.api.gateway import Gateway, Wired
from tintype.api.platform.asked import LAST, NamesWanted, Page, check_served
from tintype.api.platform.callers import Asker
from tintype.api.schemas import PRESETS, Input, read
from tintype.core import ENDPOINT
from tintype.errors import InputRefused, ServiceRefused

UNIT = "megapixels"
LAST_CALLS = 1000
"""Calls whose average cost is the historical price."""
USUAL_SIZE = PRESETS["landscape_4_3"]
"""Of the picture that a call is taken for while there are none: fal's default."""
MOST = 1e12


class PricingAsked(BaseModel):
    """The parameters."""

    endpoint_id: NamesWanted = Field(description="Whose; repeated, or with commas.")


class Price(BaseModel):
    """Of one unit."""

    endpoint_id: str
    unit_price: float
    unit: str
    currency: str


class Prices(Page):
    """What is answered."""

    prices: list[Price]


class Units(Input):
    """How many units are to be made."""

    unit_quantity: float = Field(ge=0, le=MOST, description="Megapixels.")


class Calls(Input):
    """How many calls are to be made."""

    call_quantity: int = Field(ge=0, le=int(MOST))


class UnitPriceEstimate(Input):
    """By units."""

    estimate_type: Literal["unit_price"]
    endpoints: dict[str, Units] = Field(min_length=1, max_length=50)


class HistoricalEstimate(Input):
    """By calls."""

    estimate_type: Literal["historical_api_price"]
    endpoints: dict[str, Calls] = Field(min_length=1, max_length=50)


class Estimate(BaseModel):
    """What is answered."""

    estimate_type: Literal["historical_api_price", "unit_price"]
    total_cost: float
    currency: str


Quantity = TypeVar("Quantity", Units, Calls)


async def pricing(asked: Annotated[PricingAsked, Query()], gateway: Wired, _caller: Asker) -> Prices:
    """``GET /v1/models/pricing``: without the surcharge for expanding a prompt, which fal's form has no place for."""
    check_served(asked.endpoint_id)
    settings = gateway.settings
    price = Price(endpoint_id=ENDPOINT, unit_price=settings.unit_price, unit=UNIT, currency=settings.currency)
    return Prices(prices=[price], **LAST)


async def estimate(request: Request, gateway: Wired, caller: Asker) -> Estimate:
    """``POST /v1/models/pricing/estimate``: so many units, or so many calls like the last ones of this caller."""
    wish = _read_estimate(await read_json(request, gateway.settings.max_body_bytes))
    if isinstance(wish, UnitPriceEstimate):
        cost = gateway.settings.unit_price * _total(wish.endpoints, lambda units: units.unit_quantity)
    else:
        cost = await _usual_cost(gateway, caller.sees) * _total(wish.endpoints, lambda calls: calls.call_quantity)
    return Estimate(estimate_type=wish.estimate_type, total_cost=round(cost, 9), currency=gateway.settings.currency)


def _read_estimate(body: Any) -> UnitPriceEstimate | HistoricalEstimate:
    asked = body.get("estimate_type") if isinstance(body, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if asked == "historical_api_price":
        return read(HistoricalEstimate, body)
    try:
        return read(UnitPriceEstimate, body)
    except InputRefused:
        if asked == "unit_price" or not isinstance(body, dict):
            raise
        raise ServiceRefused(400, "estimate_type: allowed are 'unit_price' and 'historical_api_price'") from None


def _total(endpoints: dict[str, Quantity], quantity: Callable[[Quantity], float]) -> float:
    """ServiceRefused 404: a model among them is not here, so the total would be wrong."""
    for endpoint_id in endpoints:
        check_served([endpoint_id])
    return sum(quantity(each) for each in endpoints.values())


async def _usual_cost(gateway: Gateway, account: str | None) -> float:
    average = await gateway.store.average_cost(account, LAST_CALLS)
    if average is not None:
        return average
    width, height = USUAL_SIZE
    return gateway.settings.unit_price * width * height / 1e6
