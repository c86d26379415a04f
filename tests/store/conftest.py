import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tintype.store import Bus, Store

from .postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        asyncio.run(_migrate(server.url("template_of_tests")))
        yield server
    finally:
        server.remove()


async def _migrate(url: str) -> None:
    await (await Store.open(url, Bus())).close()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes addresses of empty databases; every test that uses it runs on both dialects."""
    if request.param == "sqlite":
        numbers = count()
        yield lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        yield server.fresh
        server.drop_fresh()


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def anyio_backend() -> str:
    """What runs tests that are ``async def``: anyio's pytest plugin, on asyncio."""
    return "asyncio"


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def store(anyio_backend: str, url: str, bus: Bus) -> AsyncIterator[Store]:
    store = await Store.open(url, bus)
    yield store
    await store.close()
