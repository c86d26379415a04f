"""A certificate authority of this machine's own, and a server certificate under fal's names.

fal's Python client speaks only https. The authority is made at the first start and trusted by nobody until the user
points a client at it (``tintype env``).
"""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = (
    "localhost",
    "queue.localhost",
    "fal.run",
    "queue.fal.run",
    "ws.fal.run",
    "rest.fal.ai",
    "rest.alpha.fal.ai",
    "api.fal.ai",
    "fal.media",
    "v3.fal.media",
    "v3b.fal.media",
)
"""Every name is spelled out: OpenSSL refuses ``*.localhost``."""
ADDRESSES = ("127.0.0.1", "::1")
AUTHORITY_DAYS = 3650
SERVER_DAYS = 825
"""The longest that Apple's clients accept."""
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are. :func:`ensure` makes them."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate, for ``NODE_EXTRA_CA_CERTS`` and trust stores."""
        return self.folder / "ca.pem"

    @property
    def bundle(self) -> Path:
        """The public authorities and ours in one file: ``SSL_CERT_FILE`` replaces a client's own list."""
        return self.folder / "ca-bundle.pem"

    @property
    def server(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """The server's private key, mode 0600."""
        return self.folder / "server.key"


def ensure(folder: Path) -> Certificates:
    """Make what is missing or about to expire in ``folder``, and say where everything is."""
    made = Certificates(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key = folder / "ca.key"
    if not _lasts(made.authority) or not authority_key.exists():
        _make_authority(made.authority, authority_key)
        made.server.unlink(missing_ok=True)  # signed by the authority before
    if not _lasts(made.server) or not made.server_key.exists():
        _make_server(made, authority_key)
    bundle = Path(certifi.where()).read_bytes() + b"\n" + made.authority.read_bytes()
    if not made.bundle.exists() or made.bundle.read_bytes() != bundle:
        _write(made.bundle, bundle)
    return made


def _lasts(certificate: Path) -> bool:
    if not certificate.exists():
        return False
    expires = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return expires > datetime.now(UTC) + timedelta(days=RENEW_DAYS)


def _make_authority(path: Path, key_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Tintype local authority")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))


def _make_server(made: Certificates, authority_key: Path) -> None:
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    signer = serialization.load_pem_private_key(authority_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(name) for name in NAMES]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _builder(_name("Tintype"), authority.subject, key, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write_key(made.server_key, key)
    _write(made.server, certificate.public_bytes(serialization.Encoding.PEM))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    _write(path, key.private_bytes(serialization.Encoding.PEM, form, plain), mode=0o600)


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace ``path`` in one move, with its mode set before it has content."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    beside.replace(path)
