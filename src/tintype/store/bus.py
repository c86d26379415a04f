"""Wake-ups inside this process: "something about this topic changed, look again".

A wake-up carries no data and may be lost or come for nothing, so whoever waits also polls: the ``seconds``
of :meth:`Subscription.wait` are the poll. Processes that share a PostgreSQL do not hear each other:
the poll is what they live on.

Topics: ``"work"`` (a job was queued), ``"owed"`` (a job is over, and its webhook may be due), a job's id (it changed,
or logged), ``"worker:<id>"`` (one of that worker's jobs is to be cancelled).
"""

import asyncio
from typing import Self

WORK = "work"
"""Something was queued."""
OWED = "owed"
"""Something is over, and a webhook may be waiting for it."""


def worker_topic(worker: str) -> str:
    """What a worker listens to for wishes to cancel."""
    return f"worker:{worker}"


class Subscription:
    """One listener. It hears from ``with`` on, so subscribe first, then read the row, then wait."""

    def __init__(self, bus: "Bus", topics: tuple[str, ...]) -> None:
        self._bus = bus
        self._topics = topics
        self._woken = asyncio.Event()

    def __enter__(self) -> Self:
        for topic in self._topics:
            self._bus.listeners.setdefault(topic, set()).add(self)
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self._topics:
            listeners = self._bus.listeners[topic]
            listeners.discard(self)
            if not listeners:
                del self._bus.listeners[topic]

    def wake(self) -> None:
        """Let the present or the next wait end."""
        self._woken.set()

    @property
    def is_woken(self) -> bool:
        """Something changed since the last wait or answer."""
        return self._woken.is_set()

    def answer(self) -> None:
        """Take the wake-ups so far as heard."""
        self._woken.clear()

    async def wait(self, seconds: float) -> bool:
        """Until a wake-up since the last wait, or for so many seconds; True if woken. Then look again."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        # Before the caller looks again: a change made while it looks is a new wake-up.
        self.answer()
        return True


class Bus:
    """Who listens to what. For the event loop's own thread only."""

    def __init__(self) -> None:
        self.listeners: dict[str, set[Subscription]] = {}

    def subscribe(self, *topics: str) -> Subscription:
        """A listener to all of ``topics``, to be used in a ``with``."""
        return Subscription(self, topics)

    def publish(self, topic: str) -> None:
        """Wake everyone who listens to ``topic``."""
        for listener in self.listeners.get(topic, ()):
            listener.wake()
