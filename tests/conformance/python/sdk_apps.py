"""``fal.apps`` of fal's SDK, whose addresses end in slashes."""

import fal.apps
from seen import MODEL, SMALL, download, requests, say

handle = fal.apps.submit(MODEL, {**SMALL, "prompt": "slow:0.1 a house", "num_inference_steps": 5})
output = handle.get()
say({"output": output, "files": download(output), "requests": requests})
