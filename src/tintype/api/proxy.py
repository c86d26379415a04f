"""fal's proxy protocol: the one asked is told in a header which of fal's addresses is meant.

A browser that must not hold a key speaks it to its own server, which asks fal. Here the one asked is also the one
that answers, so the address is taken apart and never fetched.
"""

from urllib.parse import SplitResult, unquote, urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from tintype.core import FAL_HOSTS
from tintype.errors import ServiceRefused

PATH = "/api/fal/proxy"
TARGET = "x-fal-target-url"
METHODS = ("GET", "POST", "PUT")


def aimed(scope: Scope) -> tuple[str, Scope]:
    """The prefix of the host that is meant, and the request as that host would see it.

    ServiceRefused: 405, another method; 400, no header; 412, not one of fal's hosts; 415, a body that is not JSON.
    """
    headers = Headers(scope=scope)
    if scope["method"] not in METHODS:
        raise ServiceRefused(405, f"The proxy answers {', '.join(METHODS)}, not {scope['method']}")
    named = headers.get(TARGET)
    if not named:
        raise ServiceRefused(400, f"Send the address that you mean in the header {TARGET}")
    target = _parsed(named)
    if target is None:
        raise ServiceRefused(412, f"{TARGET} must be an https address on one of {', '.join(FAL_HOSTS)}")
    if _has_body(headers) and not _is_json(headers.get("content-type", "")):
        raise ServiceRefused(415, "The body must be JSON: send it with Content-Type: application/json")
    assert target.hostname is not None
    path = unquote(target.path).removesuffix("/") or "/"
    state = {**scope.get("state", {}), "through_proxy": True}
    query = target.query.encode("latin-1")  # as header values are read
    return FAL_HOSTS[target.hostname], {**scope, "path": path, "query_string": query, "state": state}


def _parsed(url: str) -> SplitResult | None:
    """The address, if it is one of fal's."""
    try:
        target = urlsplit(url)
        is_fals = target.scheme == "https" and target.hostname in FAL_HOSTS and target.port in (None, 443)
    except ValueError:
        return None
    return target if is_fals else None


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
