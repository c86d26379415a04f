"""fal_client.realtime and ws_connect, with the key (``key``) or with a token (``token``)."""

import json
import sys

import fal_client
from seen import MODEL, SMALL, download, say

use_jwt = sys.argv[1] == "token"
wish = {**SMALL, "prompt": "a boat", "seed": 5}
results = []
with fal_client.realtime(MODEL, use_jwt=use_jwt) as connection:
    for name in ("first", "second"):
        connection.send({**wish, "request_id": name})
        results.append(connection.recv())

frames = []
with fal_client.ws_connect(MODEL, use_jwt=use_jwt) as socket:
    socket.send(json.dumps(wish))
    while not frames or frames[-1].get("type") != "end":
        frames.append(json.loads(socket.recv(timeout=10)))
output = next(frame for frame in frames if "images" in frame)
say({"results": results, "frames": frames, "output": output, "files": download(output)})
