"""fal_client.stream: every event, and an input that is refused."""

import fal_client
from seen import MODEL, SMALL, download, say

wish = {**SMALL, "prompt": "slow:0.1 a boat", "num_inference_steps": 4, "seed": 5}
events = list(fal_client.stream(MODEL, arguments=wish))
try:
    list(fal_client.stream(MODEL, arguments={**wish, "num_images": 9}))
except fal_client.client.FalClientHTTPError as error:
    refused = error.status_code
say({"events": events, "files": download(events[-1]), "refused": refused})
