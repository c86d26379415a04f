"""The cases of the compatibility table: what a server must do for fal's clients to work, and who can tell."""

from dataclasses import dataclass

CLIENT, WIRE = "a real client", "plain HTTP"
"""Who can tell whether a case holds: only a run of a real client, or a hand-written request too."""


@dataclass(frozen=True)
class Case:
    """One row."""

    topic: str
    what: str
    judge: str


_TABLE = """
## Redirection and TLS
C1  R fal-client, two ports and a local authority: `run` and `subscribe` answer in the same shape
C2  R fal-client, one port with `/run` and `/queue`: `subscribe` completes by the addresses it is given
C3  R fal-client with `FAL_RUN_HOST` alone and a `queue.` name that resolves
C4  R fal-client through the CONNECT proxy, nothing else set: run, subscribe, upload
C5  R Node with fal's names pointed here: `subscribe` with nothing configured
C6  R JavaScript, `requestMiddleware` to plain http: run, subscribe, upload
C7  R JavaScript, `proxyUrl` with `when: "always"`: run, subscribe in both modes, stream, cancel, upload
C8  R JavaScript, a string as `proxyUrl` in Node does not lead here
C9  R server-proxy, Express and Hono, in front of the server: `subscribe` works
C10 H the certificate names every host; OpenSSL accepts `queue.localhost`
C11 H addresses handed out mirror scheme, Host and prefix, and `X-Forwarded-*` only from a trusted proxy
## Run
C12 R Python `run`: every picture is of the stated size, type and file size
C13 R Python `run_async`, which follows no redirect
C14 R JavaScript `run`: `requestId` is that of the header
C15 R `@ai-sdk/fal`: `generateImage` with `baseURL`
C16 H curl, with the page's command
C17 R JavaScript `run` without input: a `ValidationError` that names `prompt`, after one request
C18 H a trailing slash, or a whole address as the id, without a redirect
C19 H any `Accept` gives JSON; unknown fields are ignored
## Queue
C20 H submit: 200 with every key, lower-case UUIDs, addresses without `/turbo`
C21 R Python `subscribe` sees Queued, InProgress, Completed; `update.logs` is always a list
C22 R JavaScript `subscribe`, the page's code
C23 R JavaScript `subscribe` by stream: each log line once
C24 H status 202, 202, 200; `logs` null or a list; `queue_position` falls
C25 R Python `submit`; another process reads by the id
C26 R fal-client 0.2.2, 0.5.9, 0.7.0, 0.10.0, 0.13.2
C27 H a result too early is a 400; later it is the same every time
C28 H an unknown id is a 404 for status, result and cancel
C29 H `/turbo/requests/...` and `/response` are answered too
C30 R cancel while queued: never painted, `COMPLETED`, result 499
C31 R cancel while running: stops within a step; `queue.cancel` resolves
C32 H cancel after the end: 400 `ALREADY_COMPLETED`
C33 R a client's own timeout: exactly one cancel, and the worker is free
C34 R a refused input by the queue: taken, then 422 with fields in both clients
C35 H a `low` request runs after a `normal` one that came later
C36 R start timeout: 504 of type `user`, and no second attempt
C37 H `fal_max_queue_length`: 429
C38 H after a restart finished results are there and waiting requests go on
C39 R 16 parallel subscribes: all complete, each with its own prompt and seed
C40 H status stream: `: ping` in a long wait, ends after `COMPLETED`, answers late comers at once
## Stream and realtime
C41 R Python `stream`: JSON events, the last one is the whole output
C42 R JavaScript `stream` and `done`, through Express too
C43 R JavaScript `stream` with `connectionMode: "client"` and a token
C44 R Python `realtime` in msgpack, with the key and with a token
C45 R Python `ws_connect`: start, data, end
C46 R JavaScript `realtime`: a given `request_id` comes back; an expired token reconnects
C47 H an idle realtime connection: `TIMEOUT`, then close 1000
## Inputs and outputs
C48 H six presets and custom sizes are exact
C49 H every bound: 422 with type, `ctx` and `loc`
C50 R the same seed gives the same bytes; a drawn seed survives JavaScript
C51 H png, jpeg, webp: magic bytes, type and extension agree
C52 R `sync_mode`: a data URI that both clients decode; nothing is kept
C53 H `num_images` 4: four pictures, four booleans, one seed
C54 H safety: a flagged picture is black and `true`; off is `false`; both names of the field
C55 H acceleration and prompt expansion are accepted; what they change is said
## Errors, retries, keys
C56 H 401 bodies; CORS on errors too; `OPTIONS` needs no key
C57 R a cross-origin call as a browser makes it reads `x-fal-request-id`
C58 R a failure of the model is a 500 that neither client repeats
C59 R 429 `concurrent_requests_limit` on run: both clients wait, then succeed
C60 H malformed JSON, other types, long headers, huge bodies, bodyless PUT
C61 H `x-fal-target-url` means nothing outside the proxy path; there a foreign host is a 412 and nothing is fetched
## Webhooks
C62 H OK and ERROR payloads; fal's documented verifier accepts the signature
C63 H a receiver that fails twice: one delivery; a redirect is not followed
C64 R JavaScript `webhookUrl` and Python `webhook_url`, with a query of its own
C65 H private addresses only by the operator's leave
## Uploads
C66 R Python `upload_file`, small and 101 MiB in parallel parts
C67 R JavaScript `storage.upload`, small and 91 MiB; a Blob inside the input
C68 R Python, the first store failing: the next one is used
C69 H lifecycle: gone after it expires; an upload address needs its signature
## Meta
C70 H the OpenAPI document is valid, its paths answer, its examples are accepted
C71 H `llms.txt` has the page's sections and true defaults
C72 H platform API: errors, prices, history, payload deletion
C73 R `fal.apps` of fal's SDK: `submit().get()`
"""


def _read() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    topic = ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("## "):
            topic = line.removeprefix("## ")
            continue
        name, judge, what = line.split(maxsplit=2)
        cases[name] = Case(topic, what, CLIENT if judge == "R" else WIRE)
    return cases


CASES = _read()

IN_PART: dict[str, str] = {}
"""Cases that hold only in part, and how far."""

WITHOUT: dict[str, str] = {}
"""Cases that no test proves, and why."""
