"""One request through every hop of ARCHITECTURE.md's table, in that table's order. Read this first.

The gateway, the store, the files and the supervisor run in this process, the engine in its child, as in
``tintype serve``. A profiler writes down the calls; nothing is patched.
"""

import asyncio
import re
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from tintype import models
from tintype.api.app import create_app
from tintype.config import Settings
from tintype.files import FileStore
from tintype.keys import Keys
from tintype.store import Bus, Store
from tintype.worker.engine_process import EngineProcess
from tintype.worker.workers import Workers

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "tintype"
HOP = re.compile(r"^\| \d+ \| `(?P<file>[\w/]+\.py)` `(?P<function>\w+)\(\)` \|", re.MULTILINE)
IN_THE_CHILD = "engine/"

Hop = tuple[str, str]


def documented() -> list[Hop]:
    """The hops of the table, in order."""
    return [(hop["file"], hop["function"]) for hop in HOP.finditer((ROOT / "ARCHITECTURE.md").read_text())]


async def one_request(home: Path, seen: list[Hop]) -> tuple[dict[str, Any], list[str]]:
    """Run one synchronous request; its answer and its log. Calls of documented functions are added to ``seen``."""
    hops = {(str(PACKAGE / file), function): (file, function) for file, function in documented()}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        hop = hops.get((frame.f_code.co_filename, frame.f_code.co_name))
        if event == "call" and hop is not None and hop not in seen:
            seen.append(hop)

    threading.setprofile(note)  # before there are threads: it is for those that begin later
    settings = Settings.load(home=home, model="postcard")
    bus, ready = Bus(), asyncio.Event()
    store = await Store.open(settings.database, bus)
    files = FileStore(settings.files)
    engine = EngineProcess(models.POSTCARD)
    workers = Workers(store, bus, files, [engine], settings.max_attempts, lambda _: ready.set())
    app = create_app(settings, store, bus, files, Keys(home), workers.engines)
    worker = asyncio.create_task(workers.run())
    await ready.wait()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tintype") as client:
        sys.setprofile(note)
        try:
            answer = await client.post(
                "/fal-ai/z-image/turbo",
                json={"prompt": "a house", "image_size": "square", "num_inference_steps": 2},
                timeout=60,
            )
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    lines = [line.message for line in await store.logs(answer.headers["x-fal-request-id"])]
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await store.close()
    return answer.raise_for_status().json(), lines


def test_one_request_takes_the_hops_of_the_table_in_their_order(tmp_path: Path) -> None:
    seen: list[Hop] = []
    answer, lines = asyncio.run(one_request(tmp_path, seen))

    assert len(documented()) == 9
    waiting = ("store/claims.py", "claim")  # the worker asks all the time; it counts when it is given the job
    expected = [hop for hop in documented() if not hop[0].startswith(IN_THE_CHILD)]
    assert [hop for hop in seen if hop != waiting] == [hop for hop in expected if hop != waiting]
    assert waiting in seen

    steps = [line for line in lines if line.startswith("step")]
    assert [step.split(",")[0] for step in steps] == ["step 1/2", "step 2/2"], "the child took its hop"
    assert (tmp_path / "files" / answer["images"][0]["url"].split("/files/")[1]).is_file()


def test_every_hop_is_where_the_table_says() -> None:
    for file, function in documented():
        assert re.search(rf"def {function}\(", (PACKAGE / file).read_text()), f"{file} has no {function}()"
