"""fal_client.stream: every event, and an input that is refused."""

import fal_client
import httpx_sse
from seen import MODEL, SMALL, download, say

wish = {**SMALL, "prompt": "slow:0.1 a boat", "num_inference_steps": 4, "seed": 5}
events = list(fal_client.stream(MODEL, arguments=wish))
try:
    list(fal_client.stream(MODEL, arguments={**wish, "num_images": 9}))
except httpx_sse.SSEError as error:  # it looks at the type of an answer before its status
    refused = str(error)
say({"events": events, "files": download(events[-1]), "refused": refused})
