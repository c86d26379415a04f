"""A request that will not wait long to be started, behind one that takes long."""

import fal_client
from seen import MODEL, SMALL, requests, say

wish = {**SMALL, "prompt": "a house"}


def told(ask: object) -> dict[str, object]:
    requests.clear()
    try:
        ask(MODEL, arguments=wish, start_timeout=1.5)  # type: ignore
    except fal_client.client.FalClientHTTPError as error:
        kind = error.response_headers.get("x-fal-request-timeout-type")
        asked = [each for each in requests if "/status" not in each]
        return {"status": error.status_code, "kind": kind, "type": error.error_type, "requests": asked}
    return {}


say({"run": told(fal_client.run), "subscribe": told(fal_client.subscribe)})
