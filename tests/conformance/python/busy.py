"""More runs at once than the run host takes."""

from concurrent.futures import ThreadPoolExecutor

import fal_client
from seen import MODEL, SMALL, requests, say


def run(seed: int) -> int:
    return fal_client.run(MODEL, arguments={**SMALL, "prompt": "slow:0.2", "seed": seed})["seed"]


with ThreadPoolExecutor(3) as pool:
    say({"seeds": list(pool.map(run, [1, 2, 3])), "statuses": [int(each.split()[-1]) for each in requests]})
