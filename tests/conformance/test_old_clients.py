"""Clients of other years, and fal's SDK. They know no queue host but ``queue.`` before the run host."""

from typing import Any

import pytest

from tests.conformance.clients import Clients, check_output
from tests.conformance.names import Names

OLD = ("0.2.2", "0.5.9", "0.7.0", "0.10.0", "0.13.2")


@pytest.mark.case("C26")
@pytest.mark.parametrize("version", OLD)
def test_every_python_client_subscribes(clients: Clients, names: Names, version: str) -> None:
    heard = clients.python("old.py", client=f"fal-client-{version}", names=names)
    assert {*heard["words"]} <= {"Queued", "InProgress", "Completed"}
    assert any(line.startswith("step ") for line in heard["lines"])
    for output in (heard["output"], heard["run"]):
        assert output["images"][0]["url"].startswith("https://")
        assert len(output["images"]) == 1
    assert "422" in heard["refused"] or "less_than_equal" in heard["refused"]


@pytest.mark.case("C73")
def test_the_sdks_apps_submit_and_get(clients: Clients, names: Names) -> None:
    heard: Any = clients.python("sdk_apps.py", client="fal-1.83.0", names=names)
    check_output(heard["output"], heard["files"])
    assert any("/status/" in each and each.endswith(" 202") for each in heard["requests"]), heard["requests"]
    assert not any(each.endswith((" 307", " 308")) for each in heard["requests"])
