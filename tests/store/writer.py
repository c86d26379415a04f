"""A process to be killed: submits jobs to the database it is given and prints each id once acknowledged."""

import asyncio
import sys

from tintype.store import Bus, Store

from .jobs import new_job


async def write(url: str) -> None:
    store = await Store.open(url, Bus())

    async def client() -> None:
        while True:
            print((await store.submit(new_job())).id, flush=True)

    await asyncio.gather(*(client() for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
