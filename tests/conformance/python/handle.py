"""``submit`` in one process; ``read ID`` in another, by addresses built from the id; ``cancel ID``."""

import sys

import fal_client
from seen import MODEL, SMALL, download, requests, say


def submit() -> None:
    handle = fal_client.submit(MODEL, arguments={**SMALL, "prompt": "a pine"})
    say({"id": handle.request_id, "urls": [handle.response_url, handle.status_url, handle.cancel_url]})


def read(request_id: str) -> None:
    handle = fal_client.SyncClient().get_handle(MODEL, request_id)
    output = handle.get()
    status = handle.status(with_logs=True)
    say({"status": type(status).__name__, "output": output, "files": download(output)})


def cancel_waiting() -> None:
    """The second of two is cancelled while the first is painted."""
    first = fal_client.submit(MODEL, arguments={**SMALL, "prompt": "slow:0.3", "num_inference_steps": 5})
    second = fal_client.submit(MODEL, arguments={**SMALL, "prompt": "never"})
    position = second.status().position
    second.cancel()
    first.get()
    status = second.status(with_logs=True)
    try:
        second.get()
    except fal_client.client.FalClientHTTPError as error:
        said = {"status": error.status_code, "type": error.error_type}
    say({"position": position, "word": type(status).__name__, "logs": status.logs, "result": said})


def client_timeout() -> None:
    """The client gives up, and says so to the server."""
    long = {**SMALL, "prompt": "slow:0.2", "num_inference_steps": 30, "num_images": 4}
    ids: list[str] = []
    try:
        fal_client.subscribe(MODEL, arguments=long, client_timeout=1.2, on_enqueue=ids.append)
    except fal_client.client.FalClientTimeoutError as error:
        said = str(error)
    say({"id": ids[0], "said": said, "cancels": [each for each in requests if "/cancel" in each]})


globals()[sys.argv[1]](*sys.argv[2:])
