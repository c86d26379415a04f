import asyncio

import pytest

from tintype.store import Bus

pytestmark = pytest.mark.anyio


async def test_a_wake_up_before_the_wait_is_not_lost(bus: Bus):
    with bus.subscribe("a") as subscription:
        bus.publish("a")
        assert await subscription.wait(0)
        assert not await subscription.wait(0)


async def test_a_wait_ends_when_woken(bus: Bus):
    with bus.subscribe("a", "b") as subscription:
        asyncio.get_running_loop().call_later(0.01, bus.publish, "b")
        assert await subscription.wait(10)


async def test_a_wait_ends_by_itself(bus: Bus):
    with bus.subscribe("a") as subscription:
        bus.publish("b")
        assert not await subscription.wait(0.01)


async def test_everyone_who_listens_is_woken(bus: Bus):
    with bus.subscribe("a") as one, bus.subscribe("a") as two:
        bus.publish("a")
        assert await one.wait(0)
        assert await two.wait(0)


async def test_nothing_is_kept_of_those_who_left(bus: Bus):
    with bus.subscribe("a"), bus.subscribe("a", "b"):
        pass
    assert bus.listeners == {}
    bus.publish("a")
