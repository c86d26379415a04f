"""The same wish gives the same bytes, alone or in company."""

from concurrent.futures import ThreadPoolExecutor

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
