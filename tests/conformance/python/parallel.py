"""Several subscribes at once; each asks for a prompt and a seed of its own. Arguments: how many, a name."""

import sys
from concurrent.futures import ThreadPoolExecutor

import fal_client
from seen import MODEL, SMALL, download, say

NAMES = {"Queued": "IN_QUEUE", "InProgress": "IN_PROGRESS", "Completed": "COMPLETED"}


def one(number: int) -> dict[str, object]:
    words: list[str] = []
    positions: list[int] = []

    def on_queue_update(update: fal_client.Status) -> None:
        words.append(NAMES[type(update).__name__])
        if isinstance(update, fal_client.Queued):
            positions.append(update.position)

    asked = {**SMALL, "prompt": f"{sys.argv[2]} {number} slow:0.02", "seed": 1000 + number}
    data = fal_client.subscribe(MODEL, arguments=asked, with_logs=True, on_queue_update=on_queue_update)
    return {"asked": asked, "data": data, "words": words, "positions": positions, "files": download(data)}


with ThreadPoolExecutor(16) as pool:
    say(list(pool.map(one, range(int(sys.argv[1])))))
