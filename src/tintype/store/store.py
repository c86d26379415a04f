"""The store: every job that is owed or was answered, in one database. See docs/decisions/0003.

A job's row is the truth about it, and nothing outside this package changes one.
"""

from typing import Self

from tintype.store.bus import Bus
from tintype.store.claims import Claims
from tintype.store.database import SQLITE, Database, parse
from tintype.store.deliveries import Deliveries
from tintype.store.leases import Leases
from tintype.store.postgresql import PostgreSQLDatabase
from tintype.store.sqlite import SQLiteDatabase
from tintype.store.submissions import Submissions
from tintype.store.uploads import Uploads


class Store(Submissions, Claims, Leases, Deliveries, Uploads):
    """All verbs over one database.

    Each is one short transaction, done when it returns, and done also if the caller is cancelled meanwhile.
    Each raises ServiceRefused 503 if the database stayed away for 10 seconds.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.unanswered = {}

    @classmethod
    async def open(cls, url: str, bus: Bus) -> Self:
        """Open ``sqlite:///path`` or ``postgresql://…``, creating or migrating the tables.

        SetupError: it cannot be used, and why.
        """
        address = parse(url)
        kind = SQLiteDatabase if address.drivername == SQLITE else PostgreSQLDatabase
        return cls(await kind.open(address, bus))

    async def close(self) -> None:
        """Finish what was begun, then disconnect."""
        await self.database.close()
