"""Whose name the server can prove to have."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tintype import certificates
from tintype.certificates import Certificates
from tintype.config import Settings
from tintype.core import FAL_HOSTS
from tintype.errors import SetupError


def names(made: Certificates) -> x509.SubjectAlternativeName:
    certificate = x509.load_pem_x509_certificate(made.server.read_bytes())
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def proven(context: ssl.SSLContext, name: str, authority: Path) -> x509.Certificate:
    """The certificate that a client who trusts ``authority`` is shown under ``name``."""
    server, client = socket.socketpair()

    def answer() -> None:
        with server, contextlib.suppress(ssl.SSLError):  # a client that does not believe it
            context.wrap_socket(server, server_side=True).close()

    answering = threading.Thread(target=answer)
    answering.start()
    with client, ssl.create_default_context(cafile=authority).wrap_socket(client, server_hostname=name) as secure:
        shown = secure.getpeercert(binary_form=True)
    answering.join()
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


@pytest.mark.case("C10")
def test_openssl_verifies_a_name_with_queue_before_it(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["pictures.lan", "*.pictures.test"])
    context = certificates.context(made)
    for name in ("queue.localhost", "queue.pictures.lan", "queue.pictures.test", "queue.fal.run"):
        proven(context, name, made.authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        proven(context, "pictures.test", made.authority)


@pytest.mark.case("C10")
def test_every_name_is_spelled_out(tmp_path: Path) -> None:
    held = names(certificates.ensure(tmp_path)).get_values_for_type(x509.DNSName)
    assert {"localhost", "queue.localhost", *FAL_HOSTS} <= set(held)
    assert not [name for name in held if "*" in name]
    assert len(set(held)) == len(held)


def test_the_machine_and_what_the_operator_lists_are_in_it(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["pictures.lan", "*.pictures.test", "192.0.2.7", "2001:db8::7"])
    hosts = names(made).get_values_for_type(x509.DNSName)
    machine = socket.gethostname().lower()
    assert {machine, "pictures.lan", "queue.pictures.lan", "*.pictures.test"} <= set(hosts)
    addresses = set(names(made).get_values_for_type(x509.IPAddress))
    assert {ipaddress.ip_address(address) for address in ("127.0.0.1", "::1", "192.0.2.7", "2001:db8::7")} <= addresses


def test_other_names_mean_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["one.lan"])
    authority, server = made.authority.read_bytes(), made.server.read_bytes()
    assert certificates.ensure(tmp_path, ["one.lan"]).server.read_bytes() == server
    assert certificates.ensure_authority(tmp_path).server.read_bytes() == server, "clients do not know the names"
    assert certificates.ensure(tmp_path, ["two.lan"]).server.read_bytes() != server
    assert "one.lan" not in names(made).get_values_for_type(x509.DNSName)
    assert made.authority.read_bytes() == authority


def test_private_keys_are_their_owners_only(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path / "tls")
    assert {path.stat().st_mode & 0o777 for path in (made.authority_key, made.server_key)} == {0o600}
    assert made.folder.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def own(tmp_path: Path) -> Certificates:
    """What an operator might have: another authority's certificate, here for ``pictures.example``."""
    return certificates.ensure(tmp_path / "own", ["pictures.example"])


def test_the_operators_certificate_takes_the_place_of_ours(tmp_path: Path, own: Certificates) -> None:
    ours = certificates.ensure(tmp_path / "tls")
    context = certificates.context(ours, str(own.server), str(own.server_key))
    assert (
        proven(context, "pictures.example", own.authority).public_bytes(serialization.Encoding.PEM)
        == own.server.read_bytes()
    )
    # except where theirs can be worth nothing: a client that comes by a fal name trusts our authority
    assert (
        proven(context, "queue.fal.run", ours.authority).public_bytes(serialization.Encoding.PEM)
        == ours.server.read_bytes()
    )


def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path, own: Certificates) -> None:
    ours = certificates.ensure(tmp_path / "tls")
    locked = tmp_path / "locked.key"
    key = serialization.load_pem_private_key(own.server_key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    for certificate, key_file in (
        (own.server, tmp_path / "nowhere.key"),
        (tmp_path, own.server_key),
        (own.server, ours.server_key),
        (own.server_key, own.server_key),
        (own.server, locked),
    ):
        with pytest.raises(SetupError, match=r"certificate .* certificate_key .* PEM"):
            certificates.context(ours, str(certificate), str(key_file))
    with pytest.raises(SetupError, match="both"):
        certificates.context(ours, certificate=str(own.server))


@pytest.mark.parametrize("listed", ["a b", "http://x", "-x", "x..y", "x:1", "é.example"])
def test_a_name_that_is_none_is_an_error(listed: str) -> None:
    with pytest.raises(SetupError, match="names"):
        Settings.load(names=f"good.example, {listed}")
