"""fal_client.submit with a webhook. Argument: its address."""

import sys

import fal_client
from seen import MODEL, SMALL, say

handle = fal_client.submit(MODEL, arguments={**SMALL, "prompt": "a boat", "seed": 9}, webhook_url=sys.argv[1])
say({"request_id": handle.request_id})
