"""Where jobs are kept: the queue, their status, their results and their history."""

from tintype.store.bus import Bus, Subscription
from tintype.store.store import Store

__all__ = ["Bus", "Store", "Subscription"]
