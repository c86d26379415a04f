"""The model's page, held to fal's own (tests/api/page.md), with our addresses and what we say besides."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.api.gateway import Gateway
from tintype.api.schemas import ZImageTurboInput

ADDRESS = "/models/fal-ai/z-image/turbo/llms.txt"
PRICING = "## Pricing\n\nYour request will cost **$0.005** per megapixel.\n\n"
HOW_TO_COME_HERE = "fal's clients reach this server with the settings that its command `tintype env` prints.\n\n"


@pytest.fixture(scope="module")
def page(gateway: Gateway) -> str:
    answer = gateway.http.get(ADDRESS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    return answer.text


def ours(page: str, root: str) -> str:
    """fal's page as it has to read here."""
    page = page.replace("https://fal.run/", f"{root}/").replace("https://fal.ai/", f"{root}/")
    page = page.replace("## API Information", f"{PRICING}## API Information")
    page = page.replace("### cURL", f"{HOW_TO_COME_HERE}### cURL")
    # fal's command does not run: the apostrophe of its example ends the quotation.
    before, command, after = page.partition("  --data '{")
    quoted, end, rest = after.partition("   }'\n```")
    return before + command + quoted.replace("'", r"'\''") + end + rest


@pytest.mark.case("C71")
def test_the_page_is_fals(gateway: Gateway, page: str) -> None:
    assert page == ours((Path(__file__).parent / "page.md").read_text(), gateway.url)


@pytest.mark.case("C71")
def test_the_defaults_are_true(page: str) -> None:
    said = dict(re.findall(r"- \*\*`(\w+)`\*\* \(`.*?`, _optional_\):\n(?:  .*\n)*?  - Default: `\"?(\w+)\"?`", page))
    fields = ZImageTurboInput.model_fields
    assert said == {
        name: str(field.default).lower()
        for name, field in fields.items()
        if not field.is_required() and field.default is not None
    }


@pytest.mark.parametrize("prefix", ["", "/run", "/queue"])
def test_addresses_are_the_askers(gateway: Gateway, prefix: str) -> None:
    text = gateway.http.get(prefix + ADDRESS, headers={"host": "queue.example.test:81"}).text
    assert "- **Endpoint**: `http://queue.example.test:81/run/fal-ai/z-image/turbo`" in text or prefix == "/run"
    assert "(http://queue.example.test:81/api/openapi/queue/openapi.json?" in text


@pytest.mark.case("C71")
def test_what_the_page_links_to_is_here(gateway: Gateway, page: str) -> None:
    links = [link for link in re.findall(r"\]\((.*?)\)", page) if link.startswith(gateway.url)]
    assert len(links) == 3
    assert [gateway.http.get(link).status_code for link in links] == [200] * 3


@pytest.mark.case("C71")
def test_its_curl_command_runs(gateway: Gateway, page: str) -> None:
    command = re.search(r"```bash\n(curl .*?)```", page, re.DOTALL)
    assert command
    done = subprocess.run(
        ["bash", "-c", f"FAL_KEY={shlex.quote('a:b')}; {command[1]}"], capture_output=True, text=True, check=True
    )
    assert '"images":[{"url":"' in done.stdout


def test_prices_are_the_operators(tmp_path: Path) -> None:
    with Gateway(tmp_path / "home", unit_price=0.25, expansion_price=1) as dear:
        text = dear.http.get(ADDRESS).text
    assert "will cost **$0.25** per megapixel" in text
    assert "increase the price by 1 credits per request" in text
    with Gateway(tmp_path / "free", unit_price=0) as free:
        assert "## Pricing" not in free.http.get(ADDRESS).text
