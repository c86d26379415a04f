"""Any fal-client back to 0.2.2."""

import fal_client
from seen import MODEL, SMALL, say

words: list[str] = []
lines: list[str] = []


def on_queue_update(update: object) -> None:
    words.append(type(update).__name__)
    if isinstance(update, fal_client.InProgress):
        lines[:] = [log["message"] for log in update.logs]


slow = {**SMALL, "prompt": "slow:0.1", "num_inference_steps": 8}
if hasattr(fal_client, "subscribe"):
    output = fal_client.subscribe(MODEL, arguments=slow, with_logs=True, on_queue_update=on_queue_update)
else:  # it came with 0.4
    handle = fal_client.submit(MODEL, arguments=slow)
    for event in handle.iter_events(with_logs=True):
        on_queue_update(event)
    output = handle.get()
run = fal_client.run(MODEL, arguments={**SMALL, "prompt": "a house"})
try:
    fal_client.run(MODEL, arguments={**SMALL, "prompt": "a house", "num_images": 9})
except Exception as error:
    refused = f"{type(error).__name__}: {error}"
say({"words": words, "lines": lines, "output": output, "run": run, "refused": refused})
