"""Every way to lead a client here."""

from typing import Any

import pytest

from tests.conformance.clients import Clients, check_output
from tests.conformance.names import Names
from tests.e2e.server import Server


def check_everything(told: Any) -> None:
    check_output(**told["run"])
    check_output(**told["subscribed"])


@pytest.mark.case("C1")
def test_python_with_two_ports(fake: Server, clients: Clients, trust: dict[str, str]) -> None:
    hosts = {
        "FAL_RUN_HOST": f"localhost:{fake.tls_port}",
        "FAL_QUEUE_RUN_HOST": f"localhost:{fake.tls_queue_port}",
    }
    check_everything(clients.python("everything.py", **hosts, **trust))


@pytest.mark.case("C3")
def test_python_with_a_run_host_and_a_queue_before_it(fake: Server, clients: Clients, names: Names) -> None:
    told = clients.python("everything.py", names=names, FAL_RUN_HOST=f"localhost:{fake.tls_port}")
    check_everything(told)
    address = told["subscribed"]["output"]["images"][0]["url"]
    assert address.startswith(f"https://queue.localhost:{fake.tls_port}/files/")


@pytest.mark.case("C4")
def test_python_through_the_connect_proxy(fake: Server, clients: Clients) -> None:
    told = clients.python("everything.py", "upload", **through_the_proxy(fake))
    check_everything(told)
    assert told["run"]["output"]["images"][0]["url"].startswith("https://fal.run/files/")
    assert told["uploaded"] == "hello"


@pytest.mark.case("C4")
def test_node_through_the_connect_proxy(fake: Server, clients: Clients) -> None:
    told = clients.node("run.mjs", **through_the_proxy(fake))
    check_output(told["plain"]["data"], told["plain"]["files"])


def through_the_proxy(server: Server) -> dict[str, str]:
    """What ``tintype env --proxy`` sets."""
    names = ("HTTPS_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY")
    environment = server.environment("--proxy")
    return {name: environment[name] for name in names}


@pytest.mark.case("C6")
def test_three_lines_of_configuration_need_no_tls(fake: Server, clients: Clients) -> None:
    rewritten = clients.node("rewrite.mjs", fake.url)
    check_output(rewritten["run"]["data"], rewritten["run"]["files"])
    check_output(rewritten["subscribed"]["data"], rewritten["subscribed"]["files"])
    assert rewritten["uploaded"] == "hello"
    assert rewritten["hosts"] == [fake.url.removeprefix("http://")]


@pytest.mark.case("C7")
def test_the_server_is_its_own_proxy(fake: Server, clients: Clients) -> None:
    told = clients.node("proxy_url.mjs", fake.url)
    for name in ("run", "polled", "streamed", "last"):
        check_output(told[name]["data"], told[name]["files"])
    assert sum(line.startswith("step ") for line in told["streamed"]["lines"]) == 2
    assert told["cancelled"] == {"status": 499, "type": "client_cancelled"}
    assert (told["refused"]["name"], told["refused"]["status"]) == ("ValidationError", 422)
    assert [entry["type"] for entry in told["refused"]["fields"]] == ["less_than_equal"]
    assert told["paths"] == ["/api/fal/proxy"]
    assert told["uploaded"] == "hello"


@pytest.mark.case("C8")
def test_a_string_as_proxy_url_does_not_lead_here(fake: Server, clients: Clients) -> None:
    (meant,) = clients.node("string_proxy.mjs", fake.url)
    assert meant == {"url": "https://fal.run/fal-ai/z-image/turbo", "withKey": True}


def check_proxied(told: Any) -> None:
    for told_by in told.values():
        check_output(told_by["polled"]["data"], told_by["polled"]["files"])
        assert sum(line.startswith("step ") for line in told_by["streamed"]["lines"]) == 4
        check_output(told_by["stream"]["data"], told_by["stream"]["files"])
        assert len(told_by["stream"]["events"]) > 1
    lost = told["express"]["refused"]
    assert lost["name"] is None, "Express loses the status: a refusal looks like a success"
    assert lost["data"]["detail"][0]["loc"] == ["body", "num_images"]
    assert told["hono"]["refused"]["name"] == "ValidationError"
    assert told["express"]["cancelled"] is None
    assert told["hono"]["cancelled"] == 500, "Hono wants a body where a cancel has none"


@pytest.mark.case("C9", "C42")
def test_fals_server_proxy_as_it_comes(clients: Clients, names: Names) -> None:
    check_proxied(clients.node("proxies.mjs", names=names))


@pytest.mark.case("C9")
def test_fals_server_proxy_allowed_to_ask_by_plain_http(fake: Server, clients: Clients) -> None:
    check_proxied(clients.node("proxies.mjs", fake.url))
