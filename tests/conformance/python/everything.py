"""run, subscribe and, if asked for by an argument, an upload: wherever fal's hosts are."""

import sys

import fal_client
import httpx
from seen import MODEL, SMALL, download, say

wish = {**SMALL, "prompt": "a boat"}
run = fal_client.run(MODEL, arguments=wish)
subscribed = fal_client.subscribe(MODEL, arguments=wish)
told = {
    "run": {"output": run, "files": download(run)},
    "subscribed": {"output": subscribed, "files": download(subscribed)},
}
if "upload" in sys.argv:
    told["uploaded"] = httpx.get(fal_client.upload("hello", "text/plain")).raise_for_status().text
say(told)
