"""Which addresses a webhook may have."""

import pytest

from tintype.config import Settings
from tintype.webhooks.addresses import objection, resolve

pytestmark = pytest.mark.case("C65")

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::"]
PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"),
    *("fd00::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::"),
]
NEVER = [
    *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    *("0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "::7f00:1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_always_allowed(address: str) -> None:
    assert objection(address, private_allowed=False) is None
    assert objection(address, private_allowed=True) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission_however_they_are_written(address: str) -> None:
    assert objection(address, private_allowed=True) is None
    refusal = objection(address, private_allowed=False)
    assert refusal is not None
    assert "private_webhooks" in refusal


@pytest.mark.parametrize("address", NEVER)
def test_nobodys_addresses_and_a_clouds_credentials_are_never_allowed(address: str) -> None:
    assert objection(address, private_allowed=True) == "an address that no webhook may have"


@pytest.mark.parametrize(
    ("host", "setting", "allowed"),
    [
        ("127.0.0.1", "auto", True),
        ("0.0.0.0", "auto", False),
        ("0.0.0.0", "yes", True),
        ("127.0.0.1", "no", False),
    ],
)
def test_permission_follows_from_where_the_server_listens_unless_it_is_set(
    host: str, setting: str, allowed: bool
) -> None:
    assert Settings.load(host=host, private_webhooks=setting).allows_private_webhooks is allowed


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
async def test_every_spelling_of_a_loopback_address_is_one(host: str) -> None:
    for address in await resolve(host, 80):
        assert objection(address, private_allowed=False) is not None
