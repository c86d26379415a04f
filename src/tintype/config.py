"""Every setting: a flag, else ``TINTYPE_<NAME>`` in the environment, else the default.

Nothing else reads the environment.
"""

import difflib
import functools
import ipaddress
import os
import re
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tintype.errors import SetupError

PREFIX = "TINTYPE_"
NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE | re.ASCII)
"""What a host name in a certificate looks like; an address in digits looks so too."""


def _default_home() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tintype"


HOME = (
    "Database, pictures, keys, certificates, models; default: `tintype` in `$XDG_DATA_HOME`, which is `~/.local/share`."
)

DEVICE = (
    "Where the networks run: `cpu`, `cuda:1`, `mps`, or several, as `cuda:0,cuda:1`, each with a worker of its own; "
    "`auto`: on every GPU, else on Apple's, else on the CPU."
)

THREADS = (
    "Threads of each engine on a CPU; 0: PyTorch's choice, shared if they are several. With another number "
    "pictures may differ in their last bits."
)

ENGINE = "The module run as the engine child; `tintype.testing.engine` paints flat colours without a model, for tests."

EXPANSION_PROMPT = (
    "A text file: your own rules for expanding prompts, instead of `assets/expansion.txt`. Postcard takes none."
)

SAFETY_CHECKER = (
    "`off`: no picture is checked, whatever a request asks for, and `has_nsfw_concepts` is always false. `on`: a "
    "request that asks for the check, as all do by default, is refused if the model has no checker."
)


MEMORY = (
    "GB (of 10^9 bytes) that Tintype may take on the device; `0` or `auto`: what is free there. Where each network is "
    "to lie is printed before anything is loaded."
)


class Settings(BaseSettings):
    """What an operator can set. Made with :meth:`load`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    _flags: frozenset[str] = PrivateAttr(frozenset())

    model: str = Field("auto", description="`auto`, `postcard`, `z-image-turbo`, or a checkpoint's folder.")
    device: str = Field("auto", pattern=r"^[^\s,]+(, *[^\s,]+)*$", description=DEVICE)
    threads: int = Field(0, ge=0, description=THREADS)
    memory: float = Field(0, ge=0, description=MEMORY)
    engine: str = Field("tintype.engine", description=ENGINE)
    host: str = Field("127.0.0.1", description="The address to listen on. Anything but loopback needs API keys.")
    port: int = Field(8000, ge=1, le=65535, description="The port for plain HTTP.")
    queue_port: int = Field(8001, ge=0, le=65535, description="The same, where requests mean fal's queue; 0: none.")
    tls_port: int = Field(8443, ge=1, le=65535, description="The port for https.")
    tls_queue_port: int = Field(8444, ge=0, le=65535, description="The same, for fal's queue; 0: none.")
    proxy_port: int = Field(8442, ge=0, le=65535, description="The port of the proxy to fal's host names; 0: none.")
    names: str = Field(
        "", description="Comma-separated names and addresses of this machine that the certificate must hold besides."
    )
    certificate: str = Field("", description="A file: your own certificate with its chain, instead of Tintype's.")
    certificate_key: str = Field("", description="A file: the private key of `certificate`, without a password.")
    home: Path = Field(default_factory=_default_home, description=HOME)
    database: str = Field("", description="`sqlite:///PATH` or `postgresql://...`; default: a SQLite file in `home`.")
    files: str = Field("", description="A folder, or an address such as `s3://bucket`; default: a folder in `home`.")
    safety_checker: str = Field("on", pattern="^(on|off)$", description=SAFETY_CHECKER)
    max_pixels: int = Field(
        2048 * 2048, ge=64 * 64, description="The largest picture that a request may ask for, in pixels."
    )
    max_body_bytes: int = Field(2**20, ge=1024, description="The largest request body, in bytes.")
    max_upload_bytes: int = Field(2**30, ge=1, description="The largest file that a client may upload, in bytes.")
    run_limit: int = Field(
        64, ge=1, description="How many requests of one API key may wait on open connections; one more gets a 429."
    )
    private_webhooks: str = Field(
        "auto",
        pattern="^(auto|yes|no)$",
        description="Whether webhooks may go to private addresses; `auto`: only if the server listens on loopback.",
    )
    unit_price: float = Field(0.005, ge=0, description="The price of a million pixels, for usage and cost figures.")
    expansion_price: float = Field(0.0025, ge=0, description="The price of expanding one prompt.")
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="The currency of the prices.")
    expansion_prompt_file: str = Field("", description=EXPANSION_PROMPT)
    max_attempts: int = Field(3, ge=1, description="How often a request is started when its engine keeps dying.")
    inline_seconds: float = Field(3600, ge=60, description="How long a `sync_mode` result of the queue can be fetched.")
    keep_days: float = Field(30, gt=0, description="How many days finished requests, pictures and uploads are kept.")
    trusted_proxies: str = Field(
        "", description="Comma-separated addresses whose `X-Forwarded-*` headers are believed; default: none."
    )
    proxy_without_key: bool = Field(
        False, description="Answer requests without a key on `/api/fal/proxy`, as the account `proxy`."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="How much the server logs.")

    @field_validator("memory", mode="before")
    @classmethod
    def _may_be_automatic(cls, value: Any) -> Any:
        return 0 if value == "auto" else value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        for part in parts(text):
            ipaddress.ip_network(part, strict=False)
        return text

    @field_validator("names")
    @classmethod
    def _are_names(cls, text: str) -> str:
        for part in parts(text):
            if not NAME.fullmatch(part) and not _is_address(part):
                raise ValueError(f"{part} is neither a host name nor an address")
        return text

    @classmethod
    def load(cls, **flags: Any) -> Self:
        """Settings from ``flags`` over the environment over the defaults.

        Raises:
            SetupError: a value is not allowed, or the environment names a setting that does not exist.
        """
        for name in os.environ:
            field = name.removeprefix(PREFIX).lower()
            if name.startswith(PREFIX) and (field not in cls.model_fields or not name.isupper()):
                near = difflib.get_close_matches(field, cls.model_fields, n=1)
                hint = f"the nearest is {PREFIX}{near[0].upper()}" if near else "tintype doctor lists them all"
                raise SetupError(f"{name} is not a setting; {hint}")
        try:
            settings = cls(**flags)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise SetupError(f"setting {name} = {first['input']!r}: {first['msg']}") from error
        filled: dict[str, Any] = {"home": settings.home.expanduser().absolute()}
        filled["database"] = settings.database or f"sqlite:///{filled['home']}/tintype.db"
        filled["files"] = settings.files or str(filled["home"] / "files")
        complete = settings.model_copy(update=filled)
        complete._flags = frozenset(flags)
        return complete

    @functools.cached_property
    def is_private(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def allows_private_webhooks(self) -> bool:
        """Whether webhooks may go to private addresses."""
        return self.is_private if self.private_webhooks == "auto" else self.private_webhooks == "yes"

    @property
    def owns_database(self) -> bool:
        """Whether no other server can be on the same database."""
        return self.database.startswith("sqlite")

    def sources(self) -> dict[str, tuple[Any, str]]:
        """For each setting its value and where it came from: flag, environment or default."""
        return {name: (getattr(self, name), self._source(name)) for name in type(self).model_fields}

    def _source(self, name: str) -> str:
        if name in self._flags:
            return "flag"
        return "environment" if f"{PREFIX}{name.upper()}" in os.environ else "default"


def parts(text: str) -> list[str]:
    """The parts of a comma-separated setting."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


FOR_TORCH = {
    "GOMP_SPINCOUNT": "8000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "TORCHINDUCTOR_DETERMINISTIC": "1",
}
"""What :func:`prepare_for_torch` sets."""


def prepare_for_torch() -> None:
    """Set what child processes with torch read when they start; what the operator has set stays.

    OpenMP's threads spin for a moment while they wait for each other, then sleep. A small model's step is many short
    stretches of work: sleeping in between costs a quarter of it. Spinning for long, as is OpenMP's own way, costs a
    factor of ten where something else is busy. glibc asks for huge pages: a large tensor then costs few page faults.
    Inductor would try several orders of adding up and keep the fastest: another GPU, another order, another picture.
    """
    for name, value in FOR_TORCH.items():
        os.environ.setdefault(name, value)


def variables_of_others() -> dict[str, str]:
    """The environment without what :func:`prepare_for_torch` sets: as another program would find it."""
    return {name: value for name, value in os.environ.items() if FOR_TORCH.get(name) != value}


def keep_compiled(home: Path) -> None:
    """Have what PyTorch and Triton compile for a device kept in ``home``, so that the next start need not compile it.

    Call it before torch is imported; child processes inherit it. An operator's own choice of folders stays.
    """
    for name, folder in (("TORCHINDUCTOR_CACHE_DIR", "inductor"), ("TRITON_CACHE_DIR", "triton")):
        os.environ.setdefault(name, str(home / "compiled" / folder))


def reference() -> str:
    """The page docs/reference/settings.md."""
    lines = [
        "# Settings",
        "",
        "A flag of the command line wins over the environment, which wins over the default. `tintype doctor` prints",
        "each value and where it came from. A `TINTYPE_` variable that is not listed here is an error.",
        "",
        "| setting | environment | default | what it sets |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else str(field.default)
        shown = f"`{default}`" if default else "see right"
        lines.append(f"| `{name}` | `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"
