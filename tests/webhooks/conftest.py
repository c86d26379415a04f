import pytest

from tests.api.conftest import gateway, paused

__all__ = ["gateway", "paused"]


@pytest.fixture
def anyio_backend() -> str:
    """What runs tests that are ``async def``: anyio's pytest plugin, on asyncio."""
    return "asyncio"
