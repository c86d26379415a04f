"""The same wish gives the same bytes, alone or in company."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.e2e.server import ENDPOINT, Server

WISH = {"prompt": "a red sailboat on a calm sea at sunset", "seed": 11}


def paint(server: Server, **wish: object) -> list[bytes]:
    """The files of a synchronous run."""
    answer = httpx.post(f"{server.url}{ENDPOINT}", json=wish, timeout=120).raise_for_status()
    return [httpx.get(image["url"]).raise_for_status().content for image in answer.json()["images"]]


def test_twice_and_once_more_while_three_others_run(server: Server) -> None:
    first, second = paint(server, **WISH), paint(server, **WISH)
    others = [
        {"prompt": "a pine in snow", "image_size": "square", "num_images": 2},
        {"prompt": "a house at night", "image_size": "portrait_4_3"},
        {"prompt": "a cactus", "image_size": {"width": 640, "height": 400}, "output_format": "webp"},
    ]
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(paint, server, **wish) for wish in (*others[:2], WISH, others[2])]
        third = running[2].result()
        assert all(one.result() for one in running)
    assert first == second == third


@pytest.mark.case("C53")
def test_image_i_of_seed_s_is_the_image_of_seed_s_plus_i(server: Server) -> None:
    wish = {"prompt": "a windmill on a hill", "image_size": "square"}
    several = paint(server, **wish, seed=40, num_images=3)
    assert several == [paint(server, **wish, seed=40 + i)[0] for i in range(3)]
    assert len(set(several)) == 3


@pytest.mark.case("C50")
def test_a_random_seed_fed_back_gives_the_picture_again(server: Server) -> None:
    answer = httpx.post(
        f"{server.url}{ENDPOINT}", json={"prompt": "the moon", "image_size": "square"}, timeout=60
    ).json()
    assert 0 <= answer["seed"] < 2**53
    again = paint(server, prompt="the moon", image_size="square", seed=answer["seed"])
    assert again == [httpx.get(answer["images"][0]["url"]).content]


def test_one_word_changes_the_picture(server: Server) -> None:
    prompts = [f"a {thing} on grass" for thing in ("house", "tree", "pine", "cactus")]
    assert len({paint(server, prompt=prompt, seed=5, image_size="square")[0] for prompt in prompts}) == 4


def random_wish(rng: Random) -> dict[str, object]:
    """A small picture of any kind that the API takes."""
    return {
        "prompt": rng.choice(["a boat at night", "two red mushrooms", "a big moon", "", "a pine in snow " * 20]),
        "image_size": {"width": rng.randint(64, 384), "height": rng.randint(64, 384)},
        "num_inference_steps": rng.randint(1, 8),
        "seed": rng.randrange(2**32),
        "num_images": rng.choice([1, 1, 1, 2]),
        "acceleration": rng.choice(["none", "none", "regular", "high"]),
        "output_format": rng.choice(["png", "jpeg", "webp"]),
        "enable_prompt_expansion": rng.random() < 0.1,
        "enable_safety_checker": rng.random() < 0.5,
    }


@pytest.mark.parametrize("arguments", [(), ("--device", "cpu,cpu")], ids=["one worker", "two workers"])
def test_a_random_mix_is_painted_as_each_alone(
    arguments: tuple[str, ...], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Many at once, some of them cancelled; then each alone, after a restart."""
    rng = Random(5)
    wishes = [random_wish(rng) for _ in range(pytestconfig.getoption("--mix"))]
    server = Server(tmp_path / "home", arguments=arguments)

    def mixed(number: int) -> list[bytes]:
        if number % 4 == 0:
            doomed = server.submit(prompt="a house", seed=number)
            httpx.put(doomed["cancel_url"])
        return paint(server, **wishes[number])

    try:
        server.start(timeout=120)
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(mixed, range(len(wishes))))
        assert server.stop() == 0
        server.start(timeout=120)
        for wish, pictures in zip(wishes, together, strict=True):
            assert paint(server, **wish) == pictures, wish
    finally:
        server.stop()
