"""``tintype pull`` against a small hub on loopback that speaks the real one's HTTP."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tintype.engine import damage
from tintype.engine.checkpoint import Checkpoint
from tintype.errors import SetupError
from tintype.published import Z_IMAGE_TURBO, Sound, Source
from tintype.pull import Progress, pull

from .engine.tiny_checkpoint import write_checkpoint

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/tiny"
ELSEWHERE = "others/whole"


class Hub:
    """Serves folders as one revision of their repositories; ``cut_after`` makes it fail in the middle of an answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folders = {REPOSITORY: folder}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut_after: int | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        repository, _, name = request.path.removeprefix("/").partition(f"/resolve/{REVISION}/")
        wanted = request.headers.get("Range")
        self.requests.append((request.command, name, wanted))
        if repository not in self.folders or not (self.folders[repository] / name).is_file():
            request.send_error(404)
            return
        if self.cut_after == 0:
            request.send_error(503)
            return
        content = (self.folders[repository] / name).read_bytes()
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        request.send_response(206 if wanted else 200)
        request.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        request.send_header("X-Repo-Commit", REVISION)
        request.send_header("Content-Length", str(len(content) - start))
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if body and self.cut_after is not None and len(content) - start > self.cut_after:
            request.wfile.write(content[start : start + self.cut_after])
            self.cut_after = 0
        elif body:
            request.wfile.write(content[start:])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """What the hub has: a tiny checkpoint whose transformer is bf16 values stored as fp32."""
    folder = tmp_path / "published"
    write_checkpoint(folder)
    for shard in (folder / "transformer").glob("*.safetensors"):
        tensors = {name: value.bfloat16().float() for name, value in load_file(shard).items()}
        save_file(tensors, shard, metadata={"format": "pt"})
    return folder


@pytest.fixture
def source(published: Path) -> Source:
    return source_of(published)


def source_of(published: Path) -> Source:
    files = sorted(path for path in published.rglob("*") if path.is_file())
    lines = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(published)}\n" for path in files]
    manifest = published.parent / "tiny.md5"
    manifest.write_text("# a comment\n\n" + "".join(lines))
    return Source("tiny", REPOSITORY, REVISION, manifest)


@pytest.fixture
def hub(published: Path) -> Iterator[Hub]:
    hub = Hub(published)
    yield hub
    hub.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / "tiny"


def transformer_files(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for file in (folder / "transformer").glob("*.safetensors"):
        tensors |= load_file(file)
    return tensors


def test_a_pulled_checkpoint_is_complete_converted_and_opens(hub: Hub, source: Source, folder: Path):
    assert pull(folder, source, hub.endpoint)
    checkpoint = Checkpoint.open(folder)
    assert (checkpoint.name, checkpoint.version) == ("tiny", REVISION)
    assert checkpoint.checksum == source.checksum()
    here, there = transformer_files(folder), transformer_files(hub.folder)
    assert {value.dtype for value in here.values()} == {torch.bfloat16}
    assert {value.dtype for value in there.values()} == {torch.float32}
    assert set(here) == set(there)
    assert all(torch.equal(here[name].float(), there[name]) for name in here)
    checkpoint.transformer(torch.bfloat16, "cpu")
    checkpoint.text_encoder(torch.float32, "cpu")
    checkpoint.autoencoder(torch.float32, "cpu")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {*source.files(), "tintype.json"}


def test_every_phase_of_every_file_is_reported_up_to_its_last_byte(hub: Hub, source: Source, folder: Path):
    seen: list[Progress] = []
    pull(folder, source, hub.endpoint, seen.append)
    last = {(progress.file, progress.phase): progress for progress in seen}
    assert {file for file, phase in last if phase == "downloading"} == set(source.files())
    assert {file for file, phase in last if phase == "checking"} == set(source.files())
    shards = {name for name in source.files() if name.startswith("transformer/") and name.endswith(".safetensors")}
    assert {file for file, phase in last if phase == "converting"} == shards
    assert all(progress.done == progress.total > 0 for progress in last.values())
    assert [progress.index for progress in seen] == sorted(progress.index for progress in seen)
    assert {progress.count for progress in seen} == {len(source.files())}


def test_a_second_pull_asks_the_hub_for_nothing(hub: Hub, source: Source, folder: Path):
    pull(folder, source, hub.endpoint)
    hub.requests.clear()
    assert not pull(folder, source, hub.endpoint)
    assert hub.requests == []


def test_an_interrupted_download_goes_on_where_it_stopped(hub: Hub, folder: Path):
    cut, written_every = "tokenizer/vocabulary.bin", 10 * 2**20
    (hub.folder / cut).write_bytes(bytes(range(256)) * (12 * 2**12))
    source = source_of(hub.folder)
    hub.cut_after = 11 * 2**20
    with pytest.raises(SetupError, match="could not fetch"):
        pull(folder, source, hub.endpoint)
    stopped = (folder / f"{cut}.partial").stat().st_size
    assert stopped == written_every
    assert not (folder / "tintype.json").exists()
    complete = {name for name in source.files() if (folder / name).is_file()}
    assert complete

    hub.cut_after = None
    hub.requests.clear()
    assert pull(folder, source, hub.endpoint)
    assert ("GET", cut, f"bytes={stopped}-") in hub.requests
    assert not complete & {name for _, name, _ in hub.requests}
    assert (folder / cut).read_bytes() == (hub.folder / cut).read_bytes()


def test_a_pull_stopped_while_converting_does_not_fetch_converted_files_again(hub: Hub, source: Source, folder: Path):
    class Stop(Exception):
        pass

    def stop_at_the_second(progress: Progress) -> None:
        if progress.phase == "converting" and "00002" in progress.file:
            raise Stop

    with pytest.raises(Stop):
        pull(folder, source, hub.endpoint, stop_at_the_second)
    hub.requests.clear()
    pull(folder, source, hub.endpoint)
    fetched = {name for _, name, _ in hub.requests}
    assert "transformer/diffusion_pytorch_model-00001-of-00003.safetensors" not in fetched
    assert "transformer/diffusion_pytorch_model-00002-of-00003.safetensors" not in fetched
    assert "transformer/diffusion_pytorch_model-00003-of-00003.safetensors" in fetched
    assert {value.dtype for value in transformer_files(folder).values()} == {torch.bfloat16}


def test_a_damaged_file_is_refused_by_name_and_deleted(hub: Hub, source: Source, folder: Path):
    damaged = "vae/diffusion_pytorch_model-00002-of-00003.safetensors"
    content = bytearray((hub.folder / damaged).read_bytes())
    content[-1] ^= 1
    (hub.folder / damaged).write_bytes(content)
    with pytest.raises(SetupError, match=rf"{damaged} came damaged from someone/tiny: its md5 is .* pull' again"):
        pull(folder, source, hub.endpoint)
    assert not (folder / damaged).exists()
    assert not (folder / "tintype.json").exists()

    content[-1] ^= 1
    (hub.folder / damaged).write_bytes(content)
    assert pull(folder, source, hub.endpoint)


def test_without_the_hub_the_error_names_what_is_missing_and_what_to_do(hub: Hub, source: Source, folder: Path):
    hub.close()
    here = "vae/config.json"
    (folder / "vae").mkdir(parents=True)
    (folder / here).write_bytes((hub.folder / here).read_bytes())
    with pytest.raises(SetupError) as caught:
        pull(folder, source, hub.endpoint)
    message = str(caught.value)
    assert "could not fetch http://127.0.0.1" in message
    assert "vae/diffusion_pytorch_model-00001-of-00003.safetensors" in message
    assert "Connect this machine to the network and run 'tintype pull' again" in message
    assert str(folder) in message


def test_files_copied_by_hand_need_no_hub(hub: Hub, source: Source, folder: Path):
    hub.close()
    for name in source.files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((hub.folder / name).read_bytes())
    assert pull(folder, source, hub.endpoint)
    assert hub.requests == []
    assert Checkpoint.open(folder).version == REVISION


def test_a_file_that_is_not_on_the_hub_is_named(hub: Hub, source: Source, folder: Path):
    (hub.folder / "vae" / "config.json").unlink()
    with pytest.raises(SetupError, match=r"could not fetch .*/vae/config\.json"):
        pull(folder, source, hub.endpoint)


SHARD = "text_encoder/model-00003-of-00003.safetensors"


@pytest.fixture
def torn(hub: Hub, tmp_path: Path) -> Source:
    """Published with a torn last shard of the text encoder, which another repository has whole."""
    whole = tmp_path / "whole"
    whole.mkdir()
    (hub.folder / SHARD).rename(whole / "last.safetensors")
    tensors = load_file(whole / "last.safetensors")
    save_file({name: torch.zeros_like(value) for name, value in tensors.items()}, hub.folder / SHARD)
    hub.folders[ELSEWHERE] = whole
    digest = hashlib.sha256((whole / "last.safetensors").read_bytes()).hexdigest()
    return replace(source_of(hub.folder), sound=(Sound(SHARD, ELSEWHERE, REVISION, "last.safetensors", digest),))


def holds(folder: Path, hub: Hub) -> str:
    """Which of the two shards a folder has."""
    content = (folder / SHARD).read_bytes()
    return "torn" if content == (hub.folder / SHARD).read_bytes() else "whole"


def can_write(folder: Path) -> bool:
    return damage.found(folder / "text_encoder", Checkpoint.open(folder).text_encoder(torch.float32, "cpu")) is None


def test_a_file_that_was_published_torn_is_fetched_from_where_it_is_whole(hub: Hub, torn: Source, folder: Path):
    assert pull(folder, torn, hub.endpoint)
    assert holds(folder, hub) == "whole"
    assert can_write(folder)
    assert SHARD not in {name for _, name, _ in hub.requests}
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {*torn.files(), "tintype.json"}
    hub.requests.clear()
    assert not pull(folder, torn, hub.endpoint)
    assert hub.requests == []


def test_a_folder_that_was_pulled_torn_is_mended_by_one_file(hub: Hub, torn: Source, folder: Path):
    pull(folder, replace(torn, sound=()), hub.endpoint)
    assert holds(folder, hub) == "torn"
    assert not can_write(folder)
    before = Checkpoint.open(folder)
    hub.requests.clear()
    seen: list[Progress] = []
    assert pull(folder, torn, hub.endpoint, seen.append)
    assert {name for _, name, _ in hub.requests} == {"last.safetensors"}
    assert {progress.file for progress in seen} == {SHARD}
    assert can_write(folder)
    after = Checkpoint.open(folder)
    assert (after.version, after.checksum) == (before.version, before.checksum), "it paints the same pictures"


def test_files_copied_by_hand_with_a_torn_one_are_a_model_that_paints(hub: Hub, torn: Source, folder: Path):
    for name in torn.files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((hub.folder / name).read_bytes())
    hub.cut_after = 0
    with pytest.raises(SetupError) as caught:
        pull(folder, torn, hub.endpoint)
    message = str(caught.value)
    assert f"Missing of tiny: {SHARD}; it paints without, but cannot expand prompts" in message
    assert f"last.safetensors of {ELSEWHERE} at revision {REVISION} to {folder / SHARD}" in message
    assert Checkpoint.open(folder).version == REVISION
    assert not can_write(folder)
    (folder / SHARD).write_bytes((hub.folders[ELSEWHERE] / "last.safetensors").read_bytes())
    assert not pull(folder, torn, hub.endpoint), "the whole one was copied by hand"
    assert can_write(folder)


def test_a_whole_file_that_comes_damaged_leaves_the_torn_one_in_its_place(hub: Hub, torn: Source, folder: Path):
    pull(folder, replace(torn, sound=()), hub.endpoint)
    (hub.folders[ELSEWHERE] / "last.safetensors").write_bytes(b"something else")
    with pytest.raises(SetupError, match=rf"{SHARD} came damaged from {ELSEWHERE}: its sha256 is"):
        pull(folder, torn, hub.endpoint)
    assert holds(folder, hub) == "torn"
    Checkpoint.open(folder).text_encoder(torch.float32, "cpu")


def test_the_real_checkpoint_is_pinned_to_the_files_that_our_networks_need():
    files = Z_IMAGE_TURBO.files()
    golden = Path(__file__).parent / "golden" / "z-image-turbo"
    for config in golden.rglob("*config.json"):
        name = str(config.relative_to(golden))
        assert files[name] == hashlib.md5(config.read_bytes()).hexdigest()
    assert "tokenizer/tokenizer.json" in files
    assert sum(name.endswith(".safetensors") for name in files) == 7
    assert len(Z_IMAGE_TURBO.revision) == 40
    assert len(Z_IMAGE_TURBO.checksum()) == 16
