from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.api.gateway import Gateway


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> Iterator[None]:
    """Tracebacks as Python prints them: structlog's own take seconds."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway with a painter, for all tests that only ask it things."""
    with Gateway(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def paused(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway whose painter stops after its first step until ``may_paint`` is set."""
    with Gateway(tmp_path / "home", painting=False) as running:
        yield running
        running.may_paint.set()
