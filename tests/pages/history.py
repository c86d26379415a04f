"""A server's past, written straight into its store: thousands of requests of the last week, without painting one."""

import asyncio
import io
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import insert

from tests.store.jobs import PARAMS
from tintype.config import Settings
from tintype.core import Failure, ImageFile, Job, Result, State, Terms, Webhook
from tintype.errors import CANCELLED
from tintype.files import FileStore
from tintype.store import Bus, Store
from tintype.store.tables import as_row, charges, deliveries, jobs, logs

ROOT = Path(__file__).parents[2]
WEEK = 7 * 86400.0
MARKUP = "<b>bold</b><img/src=x/onerror=document.title=1>"
PROMPTS = {
    "a lighthouse shining over the ocean at night": (0, 0),
    "my orange cat in the garden": (2, 0),
    "a cabin covered in snow": (3, 0),
    "an old windmill, cloudy weather": (0, 1),
    "a hot air balloon over the desert": (1, 1),
    "a yellow car": (2, 1),
    "a red sailboat at sunset": (1, 0),
    "a purple tent beneath the stars": (3, 1),
    "three palm trees along the beach": (0, 2),
    "a snowman with a blue scarf": (1, 2),
    "a giant cactus": (2, 2),
    "a rainbow after the rain": (2, 3),
}
"""And where on Postcard's sheet their pictures are: column and row."""
FAILURES = [
    Failure(500, "Out of memory; ask for a smaller image_size", "internal_error"),
    Failure(422, [{"loc": ["body", "seed"], "msg": "Input should be a valid integer", "type": "int_parsing"}]),
    CANCELLED,
]
MARKED, HIDDEN = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
"""Requests with markup in all that can be written into one, and one that asked not to be kept."""


def write(home: Path, account: str, count: int) -> None:
    """``count`` requests of that account, and the two above."""
    asyncio.run(_write(home, account, count))


async def _write(home: Path, account: str, count: int) -> None:
    settings = Settings.load(home=home)
    pictures = await _pictures(FileStore(settings.files))
    draw = random.Random(1)
    rows = [_row(n, count, account, pictures, draw) for n in range(count)]
    charged = [_charge(row) for row in rows if row["state"] == State.DONE]
    special = [_marked(account), _hidden(account)]
    store = await Store.open(settings.database, Bus())
    await store.database.inspect(lambda connection: connection.execute(insert(jobs), [*rows, *special]))
    await store.database.inspect(lambda connection: connection.execute(insert(charges), charged))
    line = {"job_id": MARKED, "n": 1, "time": time.time(), "level": "INFO", "source": "USER", "message": MARKUP}
    await store.database.inspect(lambda connection: connection.execute(insert(logs), [line]))
    tried = {"job_id": MARKED, "n": 1, "time": time.time(), "seconds": 0.1, "status": None, "error": MARKUP}
    await store.database.inspect(lambda connection: connection.execute(insert(deliveries), [tried]))
    await store.close()


async def _pictures(files: FileStore) -> list[ImageFile]:
    """One for each prompt, for all requests to share."""
    sheet = Image.open(ROOT / "docs" / "postcard-sheet.jpg")
    made: list[ImageFile] = []
    for n, (column, row) in enumerate(PROMPTS.values()):
        left, top = 10 + 330 * column, 10 + 286 * row
        packed = io.BytesIO()
        sheet.crop((left, top, left + 320, top + 240)).save(packed, "png")
        key = f"shared-{n}/1/0.png"
        await files.put(key, packed.getvalue())
        made.append(ImageFile(key, "image/png", len(packed.getvalue()), 320, 240))
    return made


def _row(n: int, count: int, account: str, pictures: list[ImageFile], draw: random.Random) -> dict[str, Any]:
    """The ``n``-th, of which the last was over a minute ago; one in nine failed in some way."""
    ended = time.time() - 60 - WEEK * (1 - n / count)
    failure = FAILURES[n // 9 % 3] if n % 9 == 8 else None
    prompt = f"{list(PROMPTS)[n % len(PROMPTS)]}, number {n}"
    params = replace(PARAMS, prompt=prompt, seed=n)
    job = Job(f"00000000-0000-4000-8000-{n:012}", account, params, _input(prompt, n), failure=failure)
    images = (pictures[n % len(pictures)],) * (4 if n % 7 == 0 else 1)
    flagged = tuple(n % 40 == 0 for _ in images)
    result = Result(images, n, prompt, flagged, {"inference": 0.8, "expansion": 0.3})
    return _over(job, None if failure else result, ended, draw.uniform(0.3, 1.6), draw.expovariate(1))


def _over(job: Job, result: Result | None, ended: float, seconds: float, waited: float) -> dict[str, Any]:
    state = State.DONE if result else State.CANCELLED if job.failure is CANCELLED else State.FAILED
    started = ended - seconds
    return as_row(job) | {
        "state": state,
        "result": result and result.to_json(),
        "failure": job.failure and job.failure.to_json(),
        "created_at": started - waited,
        "started_at": started,
        "finished_at": ended,
        "webhook_due": None,
    }


def _input(prompt: str, seed: int) -> dict[str, Any]:
    return {"prompt": prompt, "image_size": {"width": 320, "height": 240}, "seed": seed}


def _charge(row: dict[str, Any]) -> dict[str, Any]:
    known = {"job_id": row["id"], "account": row["account"], "endpoint": row["endpoint"], "time": row["finished_at"]}
    return known | {"megapixels": 0.0768, "megapixel_price": 0.005, "surcharge": 0.0}


def _marked(account: str) -> dict[str, Any]:
    """Its picture's file is not there, which is nobody's business here."""
    hook = Webhook(f"http://127.0.0.1:9/{MARKUP}", "http://127.0.0.1")
    job = Job(
        MARKED, account, replace(PARAMS, prompt=MARKUP), _input(MARKUP, 1) | {MARKUP: MARKUP}, Terms(webhook=hook)
    )
    image = ImageFile(f"{MARKED}/1/{MARKUP.replace('/', ' ')}.png", "image/png", 1, 320, 240)
    return _over(job, Result((image,), 1, MARKUP, (False,), {MARKUP: 1.0}), time.time() - 50, 1.0, 1.0)


def _hidden(account: str) -> dict[str, Any]:
    job = Job(HIDDEN, account, replace(PARAMS, prompt="a secret"), _input("a secret", 1), Terms(keep_payloads=False))
    image = ImageFile("shared-1/1/0.png", "image/png", 1, 320, 240)
    return _over(job, Result((image,), 1, "a secret", (False,), {"inference": 1.0}), time.time() - 40, 1.0, 1.0)
