"""A certificate authority of this machine's own, and a server certificate under fal's names and this machine's.

fal's Python client speaks only https. The authority is made at the first start and trusted by nobody until the user
points a client at it (``tintype env``). The operator's own certificate can take its place, except for fal's names.
"""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tintype import secret_files
from tintype.config import NAME
from tintype.core import FAL_HOSTS
from tintype.errors import SetupError

NAMES = ("localhost", "queue.localhost", *FAL_HOSTS)
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
    def authority_key(self) -> Path:
        """The authority's private key, mode 0600."""
        return self.folder / "ca.key"

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


def ensure(folder: Path, names: Iterable[str] = ()) -> Certificates:
    """Make what is missing, about to expire or under other names in ``folder``, and say where everything is.

    ``names`` are host names and addresses that the server's certificate holds beside fal's and this machine's.
    """
    made = ensure_authority(folder)
    subjects = _subjects(names)
    if not _lasts(made.server) or not made.server_key.exists() or _held(made.server) != set(subjects):
        _make_server(made, subjects)
    return made


def ensure_authority(folder: Path) -> Certificates:
    """The same without the server's certificate, for clients: only the server knows its names."""
    made = Certificates(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _lasts(made.authority) or not made.authority_key.exists():
        _make_authority(made.authority, made.authority_key)
        made.server.unlink(missing_ok=True)  # signed by the authority before
    bundle = Path(certifi.where()).read_bytes() + b"\n" + made.authority.read_bytes()
    if not made.bundle.exists() or made.bundle.read_bytes() != bundle:
        secret_files.replace(made.bundle, bundle, mode=0o644)
    return made


def context(made: Certificates, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """How the server proves who it is: by the operator's ``certificate``, if there is one, except under fal's names.

    SetupError: the operator's files cannot be used.
    """
    ours = _loaded(made.server, made.server_key)
    if not certificate and not key:
        return ours
    if not certificate or not key:
        raise SetupError("Set both certificate and certificate_key, or neither")
    try:
        theirs = _loaded(Path(certificate), Path(key))
    except (OSError, ValueError) as error:  # the second for a key that wants a password
        raise SetupError(
            f"Cannot use certificate {certificate} with certificate_key {key}: {error}. "
            "Both must be readable PEM files that belong together, the key without a password."
        ) from error

    def choose(asked: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        if name in FAL_HOSTS:  # by the CONNECT proxy, or by a hosts file; nobody can have a certificate for these
            asked.context = ours

    theirs.sni_callback = choose
    return theirs


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    loaded = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    loaded.load_cert_chain(certificate, key, password=lambda: "")  # else OpenSSL asks the terminal
    return loaded


def _subjects(names: Iterable[str]) -> list[x509.GeneralName]:
    """Every name and address to put into the certificate, each once.

    Old Python clients want ``queue.`` before whatever name they are given.
    """
    machine = socket.gethostname().lower()
    machines = [machine] if "." in machine else [machine, f"{machine}.local"]
    given = dict.fromkeys([*ADDRESSES, *_own_addresses(), *NAMES, *filter(NAME.fullmatch, machines), *names])
    addresses: dict[x509.GeneralName, None] = {}
    hosts: dict[str, None] = {}
    for name in given:
        try:
            addresses[x509.IPAddress(ipaddress.ip_address(name))] = None
        except ValueError:
            is_whole = name in NAMES or name.startswith("*.")
            hosts |= dict.fromkeys([name] if is_whole else [name, f"queue.{name}"])
    return [*addresses, *map(x509.DNSName, hosts)]


def _own_addresses() -> list[str]:
    """The addresses by which this machine talks to others."""
    found: list[str] = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # sends nothing: the system only chooses the address it would send from
            found.append(probe.getsockname()[0])
    return found


def _held(certificate: Path) -> set[x509.GeneralName]:
    """The names in a certificate that we made."""
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    return set(made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


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
    secret_files.replace(path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _make_server(made: Certificates, subjects: list[x509.GeneralName]) -> None:
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    signer = serialization.load_pem_private_key(made.authority_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _builder(_name("Tintype"), authority.subject, key, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write_key(made.server_key, key)
    secret_files.replace(made.server, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


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
    secret_files.replace(path, key.private_bytes(serialization.Encoding.PEM, form, plain))
