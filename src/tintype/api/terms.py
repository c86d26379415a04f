"""How the sender wants a request to be handled: fal's headers and query parameters, and one header of ours, as
:class:`~tintype.core.Terms`."""

import json
import math
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from tintype.api.surface import Surface
from tintype.config import Settings
from tintype.core import Terms, Webhook
from tintype.errors import ServiceRefused

YES = ("1", "true", "yes")
LONGEST_URL = 2048


def read_terms(request: HTTPConnection, settings: Settings, surface: Surface) -> Terms:
    """The terms in ``request``; ServiceRefused 400 for one that cannot be understood."""
    headers = request.headers
    return Terms(
        start_seconds=_start_seconds(request),
        retry=headers.get("x-fal-no-retry", "").lower() not in YES,
        keep_payloads=headers.get("x-fal-store-io", "").strip() != "0",
        media_seconds=lifetime(headers.get("x-fal-object-lifecycle-preference")),
        previews=headers.get("x-tintype-previews", "").strip() == "1",
        webhook=_webhook(request, surface),
        megapixel_price=settings.unit_price,
        expansion_price=settings.expansion_price,
    )


def priority(request: HTTPConnection) -> int:
    """0, or 1 for what may wait; an unknown word means 0, as on fal."""
    asked = request.headers.get("x-fal-queue-priority") or request.query_params.get("priority", "")
    return 1 if asked.lower() == "low" else 0


def lifetime(header: str | None) -> float | None:
    """Seconds from fal's ``{"expiration_duration_seconds": n}``; None, 0 or null: for as long as everything else.

    ServiceRefused 400: it is neither that nor null; 501: it would keep somebody out, and files are everybody's.
    """
    if not header:
        return None
    try:
        asked: dict[str, Any] = json.loads(header)
        seconds = asked.get("expiration_duration_seconds")
        if _keeps_out(asked.get("initial_acl") or {}):
            raise ServiceRefused(
                501, "Files are open to all who know their address; initial_acl must allow everyone, or be left out"
            )
        if seconds in (None, 0):  # both are "never" to fal
            return None
        if isinstance(seconds, int | float) and 0 < seconds < math.inf:
            return float(seconds)
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError):
        pass
    raise _bad("The object lifecycle", header, 'JSON such as {"expiration_duration_seconds": 3600}')


def _keeps_out(acl: dict[str, Any]) -> bool:
    """Whether an ``{"default": decision, "rules": [{"user", "decision"}, ...]}`` says no to anybody."""
    rules: list[dict[str, Any]] = acl.get("rules") or []
    return any(each not in (None, "allow") for each in (acl.get("default"), *(rule.get("decision") for rule in rules)))


def _start_seconds(request: HTTPConnection) -> float | None:
    """fal renamed the header; its clients send the older name. The newer one wins."""
    for name in ("x-fal-request-start-timeout", "x-fal-request-timeout"):
        text = request.headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise _bad(name, text, "a number of seconds above 0")
        return seconds
    return None


def _webhook(request: HTTPConnection, surface: Surface) -> Webhook | None:
    url = request.query_params.get("fal_webhook", "")
    if not url or not surface.is_queue:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # such as a port of 99999
        usable = False
    if not usable or len(url) > LONGEST_URL:
        raise _bad("fal_webhook", url, f"an http or https address of at most {LONGEST_URL} characters")
    return Webhook(url, surface.root)


def _bad(what: str, given: str, allowed: str) -> ServiceRefused:
    return ServiceRefused(400, f"{what}: {given[:200]!r} cannot be understood; allowed is {allowed}", "bad_request")
