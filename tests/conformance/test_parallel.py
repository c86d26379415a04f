"""Many requests at once: each caller gets its own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.clients import Clients, check_output
from tests.conformance.names import Names
from tests.e2e.server import Server


def check_own(answers: list[dict[str, Any]]) -> None:
    """Its own prompt and seed, its own picture, and positions that only fall."""
    for answer in answers:
        check_output(answer["data"], answer["files"])
        assert (answer["data"]["prompt"], answer["data"]["seed"]) == (
            answer["asked"]["prompt"],
            answer["asked"]["seed"],
        )
        assert answer["words"][-1] == "COMPLETED"
        assert answer["positions"] == sorted(answer["positions"], reverse=True)
    pictures = {file["base64"] for answer in answers for file in answer["files"]}
    assert len(pictures) == len(answers)


@pytest.mark.case("C39")
def test_sixteen_subscribes_of_two_clients(fake: Server, clients: Clients, names: Names) -> None:
    with ThreadPoolExecutor(2) as pool:
        node = pool.submit(clients.node, "parallel.mjs", "8", "of node", names=names)
        python = pool.submit(clients.python, "parallel.py", "8", "of python", names=names)
        check_own(node.result() + python.result())


@pytest.mark.case("C39")
def test_sixteen_subscribes_of_one_javascript_client(fake: Server, clients: Clients, names: Names) -> None:
    answers = clients.node("parallel.mjs", "16", "alone", names=names)
    check_own(answers)
    assert max(position for answer in answers for position in answer["positions"]) >= 10
