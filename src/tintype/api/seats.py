"""How many requests of one account may wait on open connections: fal.run has such a limit, the queue has none."""

import contextlib
from collections import Counter
from collections.abc import Generator

from tintype.errors import ServiceRefused


class Seats:
    """For the connections of this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    @contextlib.contextmanager
    def taken(self, account: str) -> Generator[None]:
        """Hold a place; ServiceRefused 429 if the account has none left. fal's clients then try again, later."""
        if self._taken[account] >= self._limit:
            raise ServiceRefused(
                429,
                f"{self._limit} requests of this key are waiting already; send more to the queue, which has no limit",
                "concurrent_requests_limit",
            )
        self._taken[account] += 1
        try:
            yield
        finally:
            self._taken[account] -= 1
            if not self._taken[account]:
                del self._taken[account]
