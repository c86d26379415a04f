import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tintype.core import State
from tintype.store import Bus, Store

pytestmark = pytest.mark.anyio


def write_until_killed(url: str) -> set[str]:
    """Ids that were acknowledged before the writer was killed, most likely in a transaction."""
    command = [sys.executable, "-m", f"{__package__}.writer", url]
    with subprocess.Popen(command, cwd=rootdir(), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = {writer.stdout.readline().strip()}
        time.sleep(0.3)
        writer.kill()
        # The last line may be half an id.
        acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
    assert "" not in acknowledged
    return acknowledged


def rootdir() -> Path:
    """Where this package can be imported from."""
    assert __package__
    return Path(__file__).parents[len(__package__.split("."))]


async def test_a_killed_writer_loses_no_acknowledged_job(url: str):
    acknowledged: set[str] = set()
    for _ in range(3):
        acknowledged |= write_until_killed(url)
    store = await Store.open(url, Bus())
    missing = [id for id in acknowledged if await store.get(id) is None]
    assert missing == []
    assert (await store.counts())[State.QUEUED] >= len(acknowledged) > 10
    await store.close()
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        connection.close()
