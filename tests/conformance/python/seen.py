"""Counts what fal's client sends, below all its own layers; and fetches what came back."""

import base64
import json
from typing import Any

import httpx

MODEL = "fal-ai/z-image/turbo"
SMALL = {"image_size": {"width": 48, "height": 32}, "num_inference_steps": 2}
requests: list[str] = []
"""``METHOD path status`` of every request of this process."""


_plain = httpx.HTTPTransport.handle_request


def _counted(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
    response = _plain(transport, request)
    requests.append(f"{request.method} {request.url.raw_path.decode()} {response.status_code}")
    return response


httpx.HTTPTransport.handle_request = _counted  # type: ignore


def download(output: dict[str, Any]) -> list[dict[str, str]]:
    """The files of an output, whole."""
    files: list[dict[str, str]] = []
    for image in output["images"]:
        if image["url"].startswith("data:"):
            kind, _, text = image["url"].removeprefix("data:").partition(";base64,")
            files.append({"content_type": kind, "base64": text})
            continue
        answer = httpx.get(image["url"]).raise_for_status()
        data = base64.b64encode(answer.content).decode()
        files.append({"content_type": answer.headers["content-type"], "base64": data})
    return files


def say(what: object) -> None:
    print(json.dumps(what))
