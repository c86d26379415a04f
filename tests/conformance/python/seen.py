"""What fal's client asks for is counted here, by its own HTTP library's log; and what comes back is fetched."""

import base64
import json
import logging
from typing import Any

import httpx

MODEL = "fal-ai/z-image/turbo"
SMALL = {"image_size": {"width": 48, "height": 32}, "num_inference_steps": 2}
requests: list[str] = []
"""``METHOD path status`` of every request of this process."""


class _Counter(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        method, url, _, status, _ = record.args  # type: ignore
        requests.append(f"{method} {httpx.URL(str(url)).raw_path.decode()} {status}")


logging.getLogger("httpx").addHandler(_Counter())
logging.getLogger("httpx").setLevel(logging.INFO)


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
