"""One call to a receiver: what is connected to, what counts as an answer."""

import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.webhooks.receiver import HANG, Receiver
from tintype import certificates
from tintype.webhooks.sender import NoAnswer, NotAllowed, Sender

pytestmark = pytest.mark.anyio

NAME = "receiver.example"


class Names:
    """A name server of the test's own. Each time it is asked it gives the next answer."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0)


async def unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def at(receiver: Receiver, host: str = NAME, scheme: str = "http") -> str:
    return f"{scheme}://{host}:{receiver.port}/hook"


@pytest.mark.parametrize("status", [200, 204, 302, 404, 503])
async def test_the_status_is_told_and_a_redirect_is_not_followed(status: int) -> None:
    with Receiver() as elsewhere, Receiver(status, headers={"location": elsewhere.url}) as receiver:
        sender = Sender(private_allowed=True)
        assert await sender.post(receiver.url, b"{}", {"x-a": "b"}) == status
        [call] = receiver.calls
        assert (call.body, call.headers["x-a"]) == (b"{}", "b")
        assert not elsewhere.calls


async def test_the_receiver_hears_its_own_name() -> None:
    with Receiver() as receiver:
        names = Names(["127.0.0.1"])
        assert await Sender(private_allowed=True, resolve=names).post(at(receiver), b"", {}) == 200
        assert receiver.calls[0].headers["host"] == f"{NAME}:{receiver.port}"
        assert names.asked == [NAME]


@pytest.mark.case("C65")
async def test_a_private_address_is_not_connected_to_without_permission() -> None:
    with Receiver() as receiver:
        for names in (Names(["127.0.0.1"]), Names(["1.1.1.1", "127.0.0.1"]), Names(["::ffff:127.0.0.1"])):
            with pytest.raises(
                NotAllowed, match=rf"^{NAME} is at .*127\.0\.0\.1, a loopback address.*private_webhooks"
            ):
                await Sender(private_allowed=False, resolve=names).post(at(receiver), b"", {})
        with pytest.raises(NotAllowed, match=r"is at 127\.0\.0\.1, a loopback address"):
            await Sender(private_allowed=False).post(at(receiver, "2130706433"), b"", {})
        assert not receiver.calls


@pytest.mark.case("C65")
async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    """A name whose address changes between the look and the call, and then again before the next try."""
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    with Receiver() as receiver:
        sender = Sender(private_allowed=True, resolve=names)
        assert await sender.post(at(receiver), b"", {}) == 200
        assert len(names.asked) == len(receiver.calls) == 1
        with pytest.raises(NotAllowed, match=r"is at 169\.254\.169\.254, an address that no webhook may have"):
            await sender.post(at(receiver), b"", {})
        assert len(receiver.calls) == 1


@pytest.mark.case("C65")
async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await Sender(private_allowed=True, resolve=Names(["127.0.0.1"])).post(at(receiver), b"", {}) == 200
        assert receiver.calls
        assert not proxy.calls


async def test_the_next_address_of_a_name_is_tried_when_one_refuses() -> None:
    with Receiver() as receiver:
        names = Names(["127.0.0.2", "127.0.0.1"])
        assert await Sender(private_allowed=True, resolve=names).post(at(receiver), b"", {}) == 200


async def test_nobody_there_is_no_answer_and_may_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(NoAnswer, match="no answer: "):
        await Sender(private_allowed=True).post(f"http://127.0.0.1:{port}/", b"", {})
    with pytest.raises(NoAnswer, match="no answer: "):
        await Sender(private_allowed=True, resolve=unknown).post(f"http://{NAME}/", b"", {})


async def test_a_receiver_that_hangs_is_left() -> None:
    with Receiver(HANG) as receiver:
        began = time.monotonic()
        with pytest.raises(NoAnswer, match=r"no answer within 0\.2 s"):
            await Sender(private_allowed=True, seconds=0.2).post(receiver.url, b"", {})
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("url", ["http://[::1", "http://a\x00b/", "http://" + "a" * 300 + ".example/"])
async def test_what_is_no_address_is_never_tried_again(url: str) -> None:
    with pytest.raises(NotAllowed, match="not an address that can be called"):
        await Sender(private_allowed=True).post(url, b"", {})


@pytest.mark.parametrize(("host", "good"), [("fal.run", True), ("127.0.0.1", True), ("other.example", False)])
async def test_a_certificate_must_be_for_the_name_and_not_for_the_address(
    tmp_path: Path, host: str, good: bool
) -> None:
    made = certificates.ensure(tmp_path)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(made.server, made.server_key)
    theirs = ssl.create_default_context(cafile=made.authority)
    with Receiver(tls=ours) as receiver:
        sender = Sender(private_allowed=True, resolve=Names(["127.0.0.1"]), tls=theirs)
        if good:
            assert await sender.post(at(receiver, host, "https"), b"{}", {}) == 200
            assert receiver.calls[0].headers["host"] == f"{host}:{receiver.port}"
        else:
            with pytest.raises(NoAnswer, match="certificate verify failed"):
                await sender.post(at(receiver, host, "https"), b"{}", {})
            assert not receiver.calls
