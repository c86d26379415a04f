"""Safetensors files -> a network, in place and one tensor at a time.

Knows files, names, shapes and dtypes; knows nothing of which network it fills: parameter names are the
checkpoint's, so there is no map. Never holds more than the network and one tensor, whatever dtype the files
have: 24 GB of fp32 files become 12 GB of bf16 without either being there twice.
"""

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from tintype.engine import mapped

M = TypeVar("M", bound=nn.Module)

Header = dict[str, tuple[str, tuple[int, ...]]]
"""Name -> (dtype as the format spells it, shape)."""

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes to read in all."""

Left = Callable[[str], bool]
"""Whether the parameter of this name is to be left out."""

STEMS = ("diffusion_pytorch_model", "model")
"""How diffusers and transformers name weight files."""

TIED = frozenset({"lm_head.weight"})
"""Skipped unread where a file holds it. A configuration with an untied head is refused when it is read, so
this can only be a second copy of the embedding; some tools write it, and transformers ignores it too."""


class WeightsError(ValueError):
    """Files do not hold exactly the tensors of the network; names the file, the tensors and what to do."""


def files(folder: Path) -> list[Path]:
    """The weight files in ``folder``: its index's shards or the one file; raises :class:`WeightsError`."""
    for stem in STEMS:
        index = folder / f"{stem}.safetensors.index.json"
        if index.is_file():
            return [_existing(folder / name, index) for name in _shard_names(index)]
        if (single := folder / f"{stem}.safetensors").is_file():
            return [single]
    wanted = " or ".join(f"{stem}.safetensors[.index.json]" for stem in STEMS)
    raise WeightsError(f"{folder}: no weights found (expected {wanted}). Download the checkpoint again.")


def header(file: Path) -> Header:
    """What ``file`` says of its tensors, in the order of storage; raises :class:`WeightsError`."""
    with _opened(file) as tensors:
        slices = {name: tensors.get_slice(name) for name in tensors.offset_keys()}
        return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def load(
    build: Callable[[], M],
    folder: Path,
    dtype: torch.dtype,
    device: torch.device | str,
    progress: Progress | None = None,
    left: Left | None = None,
) -> M:
    """Build a network and fill it from the safetensors files in ``folder``.

    Args:
        build: makes the network; called under the meta device, so it allocates nothing.
        folder: holds one ``.safetensors`` file or an index and its shards.
        dtype: of the network; tensors stored in another floating dtype are cast on the way.
        device: where the network is built; tensors are copied straight there.
        progress: told after every tensor.
        left: names the parameters that stay on the meta device, unread; default: none.

    Returns:
        The network in evaluation mode, its parameters without gradients.

    Raises:
        WeightsError: a tensor is missing, left over, there twice, of another shape or quantised. Found out
            from the files' headers, before anything is allocated.
    """
    with torch.device("meta"):
        network = build()
    headers = {file: header(file) for file in files(folder)}
    _check(network, folder, headers)
    network = network.to(dtype).eval().requires_grad_(False)
    names = [name for name, _ in network.named_parameters() if left is None or not left(name)]
    for name in names:
        put(network, name, torch.empty_like(network.get_parameter(name), device=device))
    _fill({name: network.get_parameter(name) for name in names}, list(headers), progress)
    return network


def put(network: nn.Module, name: str, tensor: Tensor) -> None:
    """Have ``tensor`` be the parameter ``name`` of ``network``, whatever device, dtype or class was there."""
    owner, _, last = name.rpartition(".")
    setattr(network.get_submodule(owner), last, nn.Parameter(tensor, requires_grad=False))


def _fill(parameters: dict[str, nn.Parameter], shards: list[Path], progress: Progress | None) -> None:
    """Copy each of ``parameters`` from the one of ``shards`` that has it, never holding more than one beside them."""
    found = [(name, home) for file in shards for name, home in mapped.tensors(file).items() if name in parameters]
    done, total = 0, sum(home.tensor.nbytes for _, home in found)
    for name, home in found:
        parameters[name].copy_(home.tensor)
        home.release()
        done += home.tensor.nbytes
        if progress is not None:
            progress(done, total)


def _check(network: nn.Module, folder: Path, headers: dict[Path, Header]) -> None:
    """Refuse files that do not hold exactly the network's tensors."""
    wanted = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    assert not list(network.buffers()), "a buffer would stay uninitialised: compute it in forward"
    again = "Download the checkpoint again, or check that its config.json belongs to these weights."
    found: dict[str, Path] = {}
    for file, header in headers.items():
        if twice := [name for name in header if name in found]:
            raise WeightsError(f"{file}: {_few(twice)} also in {found[twice[0]].name}. {again}")
        if extra := [name for name in header if name not in wanted and name not in TIED]:
            raise WeightsError(f"{file}: left over, unknown to {type(network).__name__}: {_few(extra)}. {again}")
        for name, (dtype, shape) in header.items():
            if name in TIED and name not in wanted:
                continue
            if shape != wanted[name]:
                raise WeightsError(f"{file}: {name} is {list(shape)}, expected {list(wanted[name])}. {again}")
            if dtype not in mapped.DTYPES:
                raise WeightsError(
                    f"{file}: {name} is stored as {dtype}; only {', '.join(mapped.DTYPES)} are read. "
                    "Use a checkpoint that is not quantised."
                )
            found[name] = file
    if missing := [name for name in wanted if name not in found]:
        raise WeightsError(f"{folder}: missing {_few(missing)}. {again}")


def _few(names: list[str], most: int = 5) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + rest


def _shard_names(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{index}: not a safetensors index ({error}). Download the checkpoint again.") from error


def _existing(shard: Path, index: Path) -> Path:
    if not shard.is_file():
        raise WeightsError(f"{shard}: missing, but listed in {index.name}. Download the checkpoint again.")
    return shard


@contextmanager
def _opened(file: Path) -> Generator[Any]:
    try:
        with safe_open(str(file), framework="pt") as tensors:  # pyright: ignore[reportUnknownVariableType]
            yield tensors
    except SafetensorError as error:
        raise WeightsError(f"{file}: damaged or cut short ({error}). Download the checkpoint again.") from error


def rewrite_bf16(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Write the tensors of ``source`` as bf16 to ``target``, one tensor in memory at a time.

    Lossless where the values are bf16 already and only the container is fp32. Raises :class:`WeightsError`.
    """
    join_bf16([source], target, progress)


def join_bf16(
    sources: list[Path],
    target: Path,
    progress: Progress | None = None,
    stacks: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Write the tensors of all ``sources`` as bf16 to the one file ``target``, otherwise as :func:`rewrite_bf16`.

    ``stacks``: names of new tensors, each with the names of those that stand in it one below another, in its place.
    """
    origins = {name: (source, shape) for source in sources for name, (_, shape) in header(source).items()}
    stacked = {part for parts in stacks.values() for part in parts}
    layout = {name: [name] for name in origins if name not in stacked} | dict(stacks)
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, parts in layout.items():
        shapes = [origins[part][1] for part in parts]
        shape = (sum(one[0] for one in shapes), *shapes[0][1:]) if name in stacks else shapes[0]
        start, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    head = json.dumps(entries, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    done = 0
    with ExitStack() as stack, target.open("wb") as stream:
        opened = {source: stack.enter_context(_opened(source)) for source in sources}
        stream.write(len(head).to_bytes(8, "little") + head)
        for part in (part for parts in layout.values() for part in parts):
            tensor = opened[origins[part][0]].get_tensor(part).to(torch.bfloat16)
            done += stream.write(tensor.reshape(-1).view(torch.uint8).numpy())
            if progress is not None:
                progress(done, end)
