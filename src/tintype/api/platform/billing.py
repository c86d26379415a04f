"""What each request cost, and the state of an account that nobody has to fill."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from tintype.api.gateway import Wired
from tintype.api.platform.asked import Names, Page, Split, cursor_of, cut, page, point_of
from tintype.api.platform.callers import Admin
from tintype.api.platform.payers import Paid, payer, wanted
from tintype.api.platform.window import Span, read_span, written
from tintype.keys import Keys
from tintype.store.charges import Bill, Charge
from tintype.store.history import Point

NANO = 1e9


class EventsAsked(Span):
    """The parameters."""

    endpoint_id: Names = Field([], description="Only these.")
    request_id: Names = Field([], description="Only these.")
    api_key_id: Names = Field([], description="Only these keys'.")
    login_username: Names = Field([], description="Only theirs who need no key, such as `local`.")
    expand: Annotated[list[Literal["auth_method"]], Split] = Field([], description="`auth_method`: whose it was.")
    limit: int = Field(50, ge=1, le=10_000)
    cursor: str | None = None


class Event(Paid):
    """What one request cost."""

    request_id: str
    endpoint_id: str
    timestamp: str
    output_units: float | None = Field(description="Megapixels.")
    unit_price: float | None
    percent_discount: float | None
    cost_subtotal: float
    cost_discount: float
    cost_total: float = Field(description="With the surcharge for expanding its prompt.")
    cost_estimate_nano_usd: float = Field(description="The same in billionths of the currency, which is a setting.")


class Events(Page):
    """What is answered, newest first."""

    billing_events: list[Event]


class BillingAsked(BaseModel):
    """The parameters."""

    expand: Annotated[list[Literal["credits"]], Split] = Field([], description="`credits`: with a balance.")


class Credits(BaseModel):
    """A balance: there is none on a server of one's own."""

    current_balance: float
    currency: str


class Billing(BaseModel):
    """What is answered."""

    username: str
    credits: Credits | None = None


async def events(asked: Annotated[EventsAsked, Query()], gateway: Wired, _caller: Admin) -> Events:
    """``GET /v1/models/billing-events``."""
    start, end = read_span(asked)
    accounts = wanted(asked.api_key_id, asked.login_username)
    bill = Bill(start, end, accounts, set(asked.endpoint_id) or None, set(asked.request_id) or None)
    after = point_of("billing-events", asked.cursor)
    shown, more = cut(await gateway.store.charged(bill, after, asked.limit + 1), asked.limit)
    cursor = cursor_of("billing-events", Point(shown[-1].time, shown[-1].job_id)) if more else None
    keys = gateway.keys if "auth_method" in asked.expand else None
    return Events(billing_events=[_event(each, keys) for each in shown], **page(cursor))


async def billing(asked: Annotated[BillingAsked, Query()], gateway: Wired, caller: Admin) -> Billing:
    """``GET /v1/account/billing``."""
    name = next((key.name for key in gateway.keys.list() if key.id == caller.account), caller.account)
    if "credits" not in asked.expand:
        return Billing(username=name)
    return Billing(username=name, credits=Credits(current_balance=0.0, currency=gateway.settings.currency))


def _event(charge: Charge, keys: Keys | None) -> Event:
    cost = round(charge.megapixels * charge.megapixel_price + charge.surcharge, 9)
    return Event(
        request_id=charge.job_id,
        endpoint_id=charge.endpoint,
        timestamp=written(charge.time),
        output_units=charge.megapixels,
        unit_price=charge.megapixel_price,
        percent_discount=None,
        cost_subtotal=cost,
        cost_discount=0.0,
        cost_total=cost,
        cost_estimate_nano_usd=round(cost * NANO),
        **(payer(charge.account, keys) if keys else {}),
    )
