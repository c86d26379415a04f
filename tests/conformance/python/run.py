"""fal_client.run and its asynchronous twin."""

import asyncio

import fal_client
from seen import MODEL, SMALL, download, requests, say

wish = {**SMALL, "prompt": "a lighthouse", "num_images": 2, "output_format": "webp"}
run = fal_client.run(MODEL, arguments=wish)
files = download(run)
later = asyncio.run(fal_client.run_async(MODEL, arguments={**wish, "seed": 7}))
inline = fal_client.run(MODEL, arguments={**wish, "sync_mode": True})
requests.clear()
try:
    fal_client.run(MODEL, arguments={**SMALL, "prompt": "fail"})
except fal_client.client.FalClientHTTPError as error:
    failed = {"status": error.status_code, "type": error.error_type, "requests": [*requests]}
say(
    {
        "run": {"output": run, "files": files},
        "run_async": {"output": later, "files": download(later)},
        "inline": {"output": inline, "files": download(inline), "begins": [i["url"][:23] for i in inline["images"]]},
        "failed": failed,
    }
)
