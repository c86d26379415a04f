"""What was made and what it cost, summed up: ``GET /v1/models/usage``."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from tintype.api.gateway import Wired
from tintype.api.platform.asked import Names, Page, Split, cursor_of, cut, page, point_of
from tintype.api.platform.callers import Admin
from tintype.api.platform.payers import Paid, payer, wanted
from tintype.api.platform.pricing import UNIT
from tintype.api.platform.window import Series, Window, read_window, written_bucket
from tintype.errors import ServiceRefused
from tintype.keys import Keys
from tintype.store.charges import Bill, Spent
from tintype.store.history import Point

EXPANSIONS = "prompt expansions"
"""The unit of the second line of whoever had prompts expanded."""
SLOTS = {"minute": 60}
QUARTER_HOUR = 900
"""Days begin at a quarter of an hour everywhere, so sums of quarters can be put together to anybody's days."""


class UsageAsked(Series):
    """The parameters."""

    endpoint_id: Names = Field([], description="Only these.")
    api_key_id: Names = Field([], description="Only these keys'.")
    login_username: Names = Field([], description="Only theirs who need no key, such as `local`.")
    expand: Annotated[list[Literal["time_series", "summary", "auth_method"]], Split] = Field(
        ["time_series"], description="`auth_method`: by key."
    )
    limit: int = Field(1000, ge=1, le=1000, description="Buckets on a page.")
    cursor: str | None = None


class UsageLine(Paid):
    """So much of one thing, for one price."""

    endpoint_id: str
    unit: str
    quantity: float
    unit_price: float
    percent_discount: float | None
    cost_subtotal: float
    cost_discount: float
    cost_total: float
    cost: float
    currency: str


class UsageBucket(BaseModel):
    """All that was charged in one stretch of time."""

    bucket: str
    results: list[UsageLine]


class Usage(Page):
    """What is answered; buckets in which nothing was made are left out."""

    time_series: list[UsageBucket] = Field([])
    summary: list[UsageLine] = Field([])


Thing = tuple[str, str, float, str]
"""Endpoint, unit, price of a unit, and account or nothing."""


@dataclass(slots=True)
class Sums:
    """How much there is of each thing."""

    by_account: bool
    quantities: dict[Thing, float] = field(default_factory=dict[Thing, float])

    def add(self, spent: Spent) -> None:
        """Megapixels, and expansions if they cost something."""
        account = spent.account if self.by_account else ""
        self._add((spent.endpoint, UNIT, spent.megapixel_price, account), spent.megapixels)
        if spent.surcharge:
            self._add((spent.endpoint, EXPANSIONS, spent.surcharge, account), spent.jobs)

    def _add(self, thing: Thing, quantity: float) -> None:
        self.quantities[thing] = self.quantities.get(thing, 0.0) + quantity

    def lines(self, keys: Keys, currency: str) -> list[UsageLine]:
        """One for each thing."""
        return [_line(thing, quantity, keys, currency) for thing, quantity in self.quantities.items()]


async def usage(asked: Annotated[UsageAsked, Query()], gateway: Wired, _caller: Admin) -> Usage:
    """``GET /v1/models/usage``."""
    if not {"time_series", "summary"} & set(asked.expand):
        raise ServiceRefused(400, "expand: at least one of 'time_series' and 'summary' is needed")
    window, after = read_window(asked), point_of("usage", asked.cursor)
    bill = Bill(
        window.start, window.end, wanted(asked.api_key_id, asked.login_username), set(asked.endpoint_id) or None
    )
    seconds = SLOTS.get(window.timeframe, QUARTER_HOUR)
    spent = await gateway.store.spent(bill, seconds)
    by_account = "auth_method" in asked.expand
    currency = gateway.settings.currency
    answer = Usage(**page(None))
    if "summary" in asked.expand:
        answer.summary = _sums(spent, by_account).lines(gateway.keys, currency)
    if "time_series" in asked.expand:
        buckets = _buckets(spent, seconds, window, by_account)
        shown, more = cut([each for each in buckets if after is None or each > after.value], asked.limit)
        answer.time_series = [
            UsageBucket(bucket=written_bucket(window.bucket(each)), results=buckets[each].lines(gateway.keys, currency))
            for each in shown
        ]
        answer.next_cursor = cursor_of("usage", Point(shown[-1], "")) if more else None
        answer.has_more = more
    return answer


def _sums(spent: Iterable[Spent], by_account: bool) -> Sums:
    sums = Sums(by_account)
    for each in spent:
        sums.add(each)
    return sums


def _buckets(spent: Iterable[Spent], seconds: int, window: Window, by_account: bool) -> dict[float, Sums]:
    """The sums of each bucket, by its beginning, in order."""
    buckets: dict[float, Sums] = {}
    for each in spent:
        begin = window.bucket(each.slot * seconds).timestamp()
        buckets.setdefault(begin, Sums(by_account)).add(each)
    return buckets


def _line(thing: Thing, quantity: float, keys: Keys, currency: str) -> UsageLine:
    endpoint, unit, price, account = thing
    cost = round(quantity * price, 9)
    return UsageLine(
        endpoint_id=endpoint,
        unit=unit,
        quantity=round(quantity, 6),
        unit_price=price,
        percent_discount=None,
        cost_subtotal=cost,
        cost_discount=0.0,
        cost_total=cost,
        cost=cost,
        currency=currency,
        **(payer(account, keys) if account else {}),
    )
