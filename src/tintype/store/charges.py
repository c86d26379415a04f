"""What was made for whom, and what that cost. Kept when the job is forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from tintype.store.database import Database, Transaction, verb
from tintype.store.history import Point
from tintype.store.tables import charges, whole


@dataclass(frozen=True, slots=True)
class Bill:
    """Which charges are meant. None: any."""

    start: float
    end: float
    """From ``start`` until before ``end``, in seconds since 1970."""
    accounts: Collection[str] | None = None
    endpoints: Collection[str] | None = None
    job_ids: Collection[str] | None = None


class Charge(NamedTuple):
    """What one job cost."""

    job_id: str
    account: str
    endpoint: str
    time: float
    megapixels: float
    megapixel_price: float
    surcharge: float
    """For expanding its prompt; 0 if it was not."""


class Spent(NamedTuple):
    """What jobs of one account and one price cost in one slot of time."""

    slot: int
    """Which one: it began ``slot * seconds`` after 1970."""
    account: str
    endpoint: str
    megapixel_price: float
    surcharge: float
    """Of each job."""
    jobs: int
    megapixels: float
    """Of all of them."""


class Charges:
    """The verbs of those who count."""

    database: Database

    @verb
    async def spent(self, transaction: Transaction, bill: Bill, seconds: int) -> list[Spent]:
        """The charges of ``bill``, summed up in slots of so many seconds, the first slot first."""
        slot = whole(charges.c.time / seconds).label("slot")
        same = (charges.c.account, charges.c.endpoint, charges.c.megapixel_price, charges.c.surcharge)
        sums = (func.count(), func.sum(charges.c.megapixels))
        rows = select(slot, *same, *sums).where(*_conditions(bill)).group_by(slot, *same).order_by(slot, *same)
        return [Spent(*row) for row in await transaction.execute(rows)]

    @verb
    async def charged(self, transaction: Transaction, bill: Bill, after: Point | None, limit: int) -> list[Charge]:
        """The charges of ``bill``, the newest first, from behind ``after`` on."""
        rows = select(charges).where(*_conditions(bill))
        if after is not None:
            time = charges.c.time
            rows = rows.where(time <= after.value, (time < after.value) | (charges.c.job_id < after.job_id))
        rows = rows.order_by(charges.c.time.desc(), charges.c.job_id.desc()).limit(limit)
        return [Charge(*row) for row in await transaction.execute(rows)]

    @verb
    async def average_cost(self, transaction: Transaction, account: str | None, last: int) -> float | None:
        """What the last so many jobs cost on average, of one account or of all; None if there were none."""
        cost = (charges.c.megapixels * charges.c.megapixel_price + charges.c.surcharge).label("cost")
        newest = select(cost).order_by(charges.c.time.desc()).limit(last)
        if account is not None:
            newest = newest.where(charges.c.account == account)
        average = select(func.avg(newest.subquery().c.cost))
        return (await transaction.execute(average)).scalar_one()


def _conditions(bill: Bill) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[Any]] = [charges.c.time >= bill.start, charges.c.time < bill.end]
    for column, wanted in (
        (charges.c.account, bill.accounts),
        (charges.c.endpoint, bill.endpoints),
        (charges.c.job_id, bill.job_ids),
    ):
        if wanted is not None:
            conditions.append(column.in_(wanted))
    return conditions
