"""One call to one webhook, at an address that was looked at before it is connected to."""

import asyncio
import ssl
from collections.abc import Mapping

import certifi
import httpx

from tintype.webhooks.addresses import Resolve, objection, resolve

SECONDS = 15.0
"""fal's time for a receiver to answer."""
CONNECT_SECONDS = 5.0
"""For one of several addresses."""


class NotAllowed(Exception):
    """This address cannot be called, today or tomorrow; says why."""


class NoAnswer(Exception):
    """Nobody answered; says what happened. It may be otherwise later."""


class Sender:
    """Posts messages."""

    def __init__(
        self,
        *,
        private_allowed: bool,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """``tls`` decides whose certificates are good: by default the public authorities' and the system's own.

        ``seconds`` is the time for one message, from the name to the status.
        """
        self._private_allowed = private_allowed
        self._resolve = resolve
        if tls is None:
            tls = ssl.create_default_context(cafile=certifi.where())
            tls.load_default_certs()
        self._tls = tls
        self._seconds = seconds

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer; the rest of it is not read, and a redirect is not followed.

        NotAllowed: it was not sent. NoAnswer: it may have been.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(httpx.URL(url), body, headers)
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._seconds:g} s") from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise NotAllowed(f"not an address that can be called: {error}") from error
        except (httpx.TransportError, OSError) as error:
            raise NoAnswer(f"no answer: {error or type(error).__name__}") from error

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> int:
        failure: httpx.TransportError | None = None
        for address in await self._addresses(url):
            try:
                return await self._exchange(url, address, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or NoAnswer(f"{url.host} has no address")

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Those of the host, all of them allowed."""
        addresses = await self._resolve(_host(url), url.port or (443 if url.scheme == "https" else 80))
        for address in addresses:
            if against := objection(address, self._private_allowed):
                raise NotAllowed(f"{url.host} is at {address}, {against}")
        return addresses

    async def _exchange(self, url: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Connect to exactly this address, for a name that could be elsewhere by now; the name is still what the
        receiver is told and what its certificate must be for."""
        # A client for this call alone: cookies and connections of another receiver are none of this one's.
        async with (
            httpx.AsyncClient(
                verify=self._tls,
                trust_env=False,  # a proxy would resolve the name again
                follow_redirects=False,
                timeout=httpx.Timeout(self._seconds, connect=CONNECT_SECONDS),
            ) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={**headers, "host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": _host(url)},
            ) as response,
        ):
            return response.status_code


def _host(url: httpx.URL) -> str:
    """As it is written on the wire."""
    return url.raw_host.decode("ascii")
