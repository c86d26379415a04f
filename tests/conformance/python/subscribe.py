"""fal_client.subscribe: updates with their logs, a result, a refused input."""

import fal_client
from seen import MODEL, SMALL, download, requests, say

words: list[str] = []
lines: list[str] = []


def on_queue_update(update: fal_client.Status) -> None:
    words.append(type(update).__name__)
    if not isinstance(update, fal_client.Queued):
        lines[:] = [log["message"] for log in update.logs]


slow = {**SMALL, "prompt": "slow:0.1", "num_inference_steps": 10}
output = fal_client.subscribe(MODEL, arguments=slow, with_logs=True, on_queue_update=on_queue_update)
sent = [*requests]
files = download(output)
try:
    fal_client.subscribe(MODEL, arguments={**SMALL, "prompt": "a house", "num_images": 9})
except fal_client.client.FalClientHTTPError as error:
    refused = {"status": error.status_code, "detail": error.args[0], "body": error.response.json()}
say({"words": words, "lines": lines, "output": output, "files": files, "requests": sent, "refused": refused})
