"""``tintype env``: the lines that point fal's clients here."""

import ipaddress
import shlex
from typing import Annotated

import typer

from tintype import certificates
from tintype.cli.serve import Home, given
from tintype.config import Settings
from tintype.core import FAL_HOSTS
from tintype.errors import SetupError
from tintype.keys import Keys

Port = Annotated[int | None, typer.Option(help="As given to the server.")]

JAVASCRIPT = """\
// Either of these points @fal-ai/client here. {keys}
// From 1.10 on, in Node and in browsers:
fal.config({{ proxyUrl: {{ url: "{http}/api/fal/proxy", when: "always" }} }});

// Any version:
const here = {{ {table} }};
fal.config({{ requestMiddleware: async (request) => ({{ ...request,
  url: request.url.replace(/^https:\\/\\/([^/]+)/, (fal, host) => here[host] ?? fal) }}) }});"""
JAVASCRIPT_HOSTS = ("fal.run", "queue.fal.run", "rest.fal.ai", "rest.alpha.fal.ai")


def env(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="How clients on other machines name this one.")] = None,
    port: Port = None,
    tls_port: Port = None,
    proxy_port: Port = None,
    proxy: Annotated[bool, typer.Option("--proxy", help="By the CONNECT proxy: uploads and realtime too.")] = False,
    js: Annotated[bool, typer.Option("--js", help="For @fal-ai/client: JavaScript instead of exports.")] = False,
) -> None:
    """Print exports for fal's clients; use as: eval "$(tintype env)"."""
    flags = {"home": home, "port": port, "tls_port": tls_port, "proxy_port": proxy_port}
    settings = Settings.load(**given(flags))
    has_keys = bool(Keys(settings.home).list())
    if js:
        typer.echo(_javascript(settings, host, has_keys))
        return
    lines = _through_the_proxy(settings, host) if proxy else _by_prefixes(settings, host)
    if proxy or not settings.certificate:
        lines += _trust(settings, is_elsewhere=host is not None)
    if has_keys:
        lines.append("# This server has keys; give one of them: export FAL_KEY=ID:SECRET (tintype keys create NAME)")
    else:
        lines.append('export FAL_KEY="${FAL_KEY:-local:local}"  # clients want some key; this server takes any')
    typer.echo("\n".join(lines))


def _by_prefixes(settings: Settings, host: str | None) -> list[str]:
    """For Python: fal's two main hosts become two prefixes of ours."""
    name = _name(settings, host, "localhost")
    address = f"{name}:{settings.tls_port}"
    return [
        "# fal-client for Python, 0.11 or newer, now talks to Tintype; its uploads and realtime tokens only with",
        f"# tintype env --proxy. Older ones want FAL_RUN_HOST={address} alone and a name queue.{name}",
        "# that leads here, or --proxy too. For JavaScript: tintype env --js",
        _export("FAL_RUN_HOST", f"{address}/run"),
        _export("FAL_QUEUE_RUN_HOST", f"{address}/queue"),
        f'export NO_PROXY="${{NO_PROXY:+$NO_PROXY,}}{name.strip("[]")}"',
        'export no_proxy="$NO_PROXY"',
    ]


def _through_the_proxy(settings: Settings, host: str | None) -> list[str]:
    """For whatever obeys ``HTTPS_PROXY``: fal's hosts keep their names."""
    if not settings.proxy_port:
        raise SetupError("The proxy is off: proxy_port is 0. Set it to a port, such as 8442, for the server and here.")
    address = f"http://{_name(settings, host, '127.0.0.1')}:{settings.proxy_port}"
    return [
        "# Every https request from this shell now goes to Tintype's proxy, which knows fal's hosts and refuses all",
        "# others. Python and curl obey, and Node from 22.21 or 24 on.",
        "unset FAL_RUN_HOST FAL_QUEUE_RUN_HOST NO_PROXY no_proxy",
        _export("HTTPS_PROXY", address),
        _export("https_proxy", address),
        _export("NODE_USE_ENV_PROXY", "1"),
    ]


def _trust(settings: Settings, is_elsewhere: bool) -> list[str]:
    """Have Python, requests and Node trust the authority of this machine."""
    made = certificates.ensure_authority(settings.home / "tls")
    lines = [
        _export("SSL_CERT_FILE", str(made.bundle)),
        _export("REQUESTS_CA_BUNDLE", str(made.bundle)),
        _export("NODE_EXTRA_CA_CERTS", str(made.authority)),
    ]
    if is_elsewhere:
        lines.insert(0, f"# Copy {made.bundle} and {made.authority.name} to the client's machine, and name the copies:")
    return lines


def _javascript(settings: Settings, host: str | None, has_keys: bool) -> str:
    http = f"http://{_name(settings, host, '127.0.0.1')}:{settings.port}"
    table = ", ".join(f'"{name}": "{http}{FAL_HOSTS[name]}"' for name in JAVASCRIPT_HOSTS)
    keys = "This server has keys: add credentials." if has_keys else "This server wants no key."
    return JAVASCRIPT.format(http=http, table=table, keys=keys)


def _name(settings: Settings, host: str | None, loopback: str) -> str:
    """What a client calls this machine."""
    name = host or settings.host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if host is None and (address.is_loopback or address.is_unspecified):
        return loopback
    return f"[{address}]" if address.version == 6 else name


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"
