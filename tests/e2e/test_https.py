"""The TLS listener and its certificate, as clients see them."""

import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e.server import Server
from tintype import certificates


@pytest.mark.case("C10")
@pytest.mark.parametrize("name", [*certificates.NAMES, "127.0.0.1"])
def test_openssl_accepts_the_certificate_under_every_name(server: Server, name: str) -> None:
    context = ssl.create_default_context(cafile=server.home / "tls" / "ca-bundle.pem")
    with (
        socket.create_connection(("127.0.0.1", server.tls_port)) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        secure.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert secure.recv(64).startswith(b"HTTP/1.1 200 ")


def test_a_stranger_who_does_not_know_the_authority_refuses_it(server: Server) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.tls_port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def test_certificates_are_kept_between_starts_and_made_anew_when_lost(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path)
    authority, server = made.authority.read_bytes(), made.server.read_bytes()
    assert certificates.ensure(tmp_path).server.read_bytes() == server
    made.server_key.unlink()
    assert certificates.ensure(tmp_path).server.read_bytes() != server
    assert made.authority.read_bytes() == authority
    (tmp_path / "ca.key").unlink()
    certificates.ensure(tmp_path)
    issuer = x509.load_pem_x509_certificate(made.authority.read_bytes())
    x509.load_pem_x509_certificate(made.server.read_bytes()).verify_directly_issued_by(issuer)
    assert made.authority.read_bytes() != authority
