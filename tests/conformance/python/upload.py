"""fal_client.upload_file and its asynchronous twin; what comes back of a file under its address."""

import asyncio
import hashlib
import sys

import fal_client
import httpx
from seen import requests, say

path, how = sys.argv[1:]
url = asyncio.run(fal_client.upload_file_async(path)) if how == "async" else fal_client.upload_file(path)
sent = [*requests]
digest = hashlib.sha256()
with httpx.stream("GET", url) as answer:
    for chunk in answer.iter_bytes():
        digest.update(chunk)
say(
    {
        "url": url,
        "requests": sent,
        "sha256": digest.hexdigest(),
        "status": answer.status_code,
        "content_type": answer.headers["content-type"],
        "content_length": int(answer.headers["content-length"]),
    }
)
