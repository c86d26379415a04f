"""The safety checker: another repository on the same hub, into a folder of the model's."""

import hashlib
from pathlib import Path

import pytest

from tests.pull.hub import REVISION, Hub
from tintype.engine import safety
from tintype.errors import SetupError
from tintype.published import SAFETY_CHECKER, SAFETY_FOLDER, Source
from tintype.pull import pull

CHECKER = "someone/checker"


@pytest.fixture
def checker(hub: Hub) -> Source:
    """A repository of its own on the same hub, its manifest of sha256 sums, whose weights come last."""
    published = hub.folder.parent / "published-checker"
    published.mkdir()
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    for name in names:
        (published / name).write_bytes(name.encode() * 1000)
    lines = [f"{hashlib.sha256((published / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    manifest = published.parent / "checker.sha256"
    manifest.write_text("".join(lines))
    hub.folders[CHECKER] = published
    return Source("checker", CHECKER, REVISION, manifest)


def test_a_safety_checker_is_fetched_beside_what_is_there(hub: Hub, checker: Source, folder: Path):
    folder.mkdir(parents=True)
    (folder / "tintype.json").write_text(f'{{"version": "{REVISION}"}}')
    assert not safety.is_here(folder)
    assert pull(folder / SAFETY_FOLDER, checker, hub.endpoint)
    assert safety.is_here(folder)
    assert {path.name for path in (folder / SAFETY_FOLDER).iterdir()} == {*checker.files(), "tintype.json"}
    hub.requests.clear()
    assert not pull(folder / SAFETY_FOLDER, checker, hub.endpoint)
    assert hub.requests == []


def test_a_safety_checker_that_did_not_come_whole_is_none(hub: Hub, checker: Source, folder: Path):
    (hub.folders[CHECKER] / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(SetupError, match=r"came damaged from someone/checker: its sha256 is .*, it should be"):
        pull(folder / SAFETY_FOLDER, checker, hub.endpoint)
    assert (folder / SAFETY_FOLDER / "config.json").is_file()
    assert not safety.is_here(folder)


def test_the_safety_checker_is_pinned_to_the_files_that_were_looked_at():
    files = SAFETY_CHECKER.files()
    golden = Path(__file__).parents[1] / "golden" / "nsfw-image-detection"
    for config in golden.glob("*.json"):
        assert files[config.name] == hashlib.sha256(config.read_bytes()).hexdigest()
    assert list(files)[-1] == "model.safetensors"  # its presence says that all of it is here
    assert {len(digest) for digest in files.values()} == {64}
    assert len(SAFETY_CHECKER.revision) == 40
