"""Both OpenAPI documents, held against the server by a machine: whatever is asked, no answer is outside its schema."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from tests.api.gateway import QUEUE, WISH, Gateway
from tintype.keys import Keys

QUEUE_DOCUMENT = "/api/openapi/queue/openapi.json?endpoint_id=fal-ai/z-image/turbo"
OUR_DOCUMENT = "/openapi.json"
ELSEWHERE = {QUEUE_DOCUMENT: "^$", OUR_DOCUMENT: "/turbo/requests/|/response$"}
"""Paths of one document that are other names for what is asked anyway."""
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
# As on fal, wrong input is taken in by the queue, and a text that spells a number is one; and a size within the
# schema may be too large for this server.
NOT_CHECKED = """
        negative_data_rejection.enabled = false
        positive_data_acceptance.enabled = false
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a key for everything, whose client has it."""
    home = tmp_path_factory.mktemp("home")
    key = Keys(home).create("first", "ADMIN")
    with Gateway(home, max_pixels=256 * 256) as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        yield gateway


@pytest.fixture(scope="module")
def configuration(locked: Gateway) -> str:
    """Tells schemathesis what cannot be guessed: the ids of finished requests and the key of a picture."""
    wishes = (WISH, WISH | {"sync_mode": True}, WISH | {"num_images": 9})
    submitted = [locked.post(QUEUE, wish).json() for wish in wishes]
    ids = [locked.completed(each)["request_id"] for each in submitted]
    forgotten = locked.post(QUEUE).json()["request_id"]
    picture = locked.http.get(submitted[0]["response_url"]).json()["images"][0]["url"].partition("/files/")[2]
    return f"""
        [checks]
        {NOT_CHECKED}
        [dictionaries]
        ids.values = {json.dumps(ids)}
        pictures.values = ["{picture}"]
        forgotten.values = ["{forgotten}"]
        [parameters]
        "path.request_id" = {{ dictionary = "ids", probability = 0.8 }}
        "path.job_id" = {{ dictionary = "ids", probability = 0.8 }}
        "path.key" = {{ dictionary = "pictures", probability = 0.8 }}
        [[operations]]
        include-path = "/v1/models/requests/{{request_id}}/payloads"
        parameters = {{ "path.request_id" = {{ dictionary = "forgotten", probability = 0.8 }} }}
        # Other methods of these paths are those of /files/{{key}}, which covers them.
        [[operations]]
        include-path-regex = "^/files/(upload/multipart|.*/complete)$"
        checks = {{ unsupported_method = {{ enabled = false }} }}
        [headers]
        Authorization = "{locked.http.headers["authorization"]}"
    """


@pytest.mark.case("C70")
@pytest.mark.parametrize("path", [QUEUE_DOCUMENT, OUR_DOCUMENT])
def test_every_answer_is_within_its_schema(locked: Gateway, configuration: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(configuration)
    command = [SCHEMATHESIS, "run", locked.url + path]
    command += ["--exclude-path-regex", ELSEWHERE[path]]
    command += [
        "--phases",
        "coverage,fuzzing,stateful",
        "--max-examples",
        "4",
        "--generation-deterministic",
        "--no-shrink",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.case("C70")
def test_the_documents_are_valid(gateway: Gateway) -> None:
    OpenAPIV30SpecValidator(gateway.http.get(QUEUE_DOCUMENT).json()).validate()
    OpenAPIV31SpecValidator(gateway.http.get(OUR_DOCUMENT).json()).validate()
