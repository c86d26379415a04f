"""A key that the server does not know."""

import fal_client
from seen import MODEL, SMALL, requests, say

client = fal_client.SyncClient(key="no:body")
told = {}
for name in ("run", "subscribe"):
    requests.clear()
    try:
        getattr(client, name)(MODEL, arguments={**SMALL, "prompt": "a boat"})
    except fal_client.client.FalClientHTTPError as error:
        told[name] = {"status": error.status_code, "detail": error.message, "requests": len(requests)}
say(told)
