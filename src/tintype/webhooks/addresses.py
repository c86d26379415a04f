"""Which addresses may be called.

Whoever submits a request names an address that this machine then connects to, and this machine may see services that
its callers do not.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, the best first. OSError: it has none."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")
SHARED = ipaddress.ip_network("100.64.0.0/10")
THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")

# Its own threads: a name server that does not answer must not hold up those that write files.
_THREADS = ThreadPoolExecutor(8, thread_name_prefix="resolve")


async def resolve(host: str, port: int) -> list[str]:
    """As the system resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_THREADS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def objection(text: str, private_allowed: bool) -> str | None:
    """What speaks against connecting to this address; None: nothing.

    Loopback and private networks are a matter of permission. Link-local addresses, where clouds keep the machine's
    credentials, and addresses that are nobody's are refused always.
    """
    address = _meant(ipaddress.ip_address(text))
    if address.is_loopback:
        kind = "a loopback address"
    elif address.is_link_local or address.is_multicast or address.is_reserved or _is_nobody(address):
        return "an address that no webhook may have"
    elif address.is_private or address in SHARED or _is_site_local(address):
        kind = "a private address"
    else:
        return None
    return None if private_allowed else f"{kind}, and webhooks may go to public ones only (setting private_webhooks)"


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, if it leads to one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address in NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address


def _is_nobody(address: Address) -> bool:
    return address.is_unspecified or address in THIS_NETWORK


def _is_site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local
