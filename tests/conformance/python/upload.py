"""fal_client.upload_file. Arguments: sizes in bytes; a file of each is uploaded and fetched again."""

import hashlib
import re
import sys
import tempfile
from pathlib import Path

import fal_client
import httpx
from seen import requests, say

told = []
for size in map(int, sys.argv[1:]):
    data = b"".join(at.to_bytes(8, "little") + bytes(4088) for at in range(size // 4096 + 1))[:size]
    requests.clear()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.bin"
        path.write_bytes(data)
        address = fal_client.upload_file(path)
    sent = [re.sub(r"\?\S*", "", each) for each in requests]
    back = httpx.get(address).raise_for_status().content
    is_same = hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    told.append({"address": address, "is_same": is_same, "requests": sent})
say(told)
