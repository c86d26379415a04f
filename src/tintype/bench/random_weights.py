"""A checkpoint of the real model's size with random weights, written to a folder: no download is needed to measure.

Its folder is one like any other, so every engine loads it as it loads the real one, and all of them have the same
weights. Values are bf16, as published: matrices of the scale that keeps activations near 1, norms about 1. Query and
key norms of that scale keep attention from being flat, so that broken attention shows in the picture.
"""

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor, nn

from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, TextEncoderConfig, TransformerConfig
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer
from tintype.models import POSTCARD

PERIOD = 4_194_301
"""Random numbers drawn; a prime, so that no matrix's rows repeat. Each tensor reads them from a place of its own."""
SHARD_BYTES = 2**29
"""A file is closed when it holds so much: a reader that maps one into memory then has little of it there."""
STEMS = {"text_encoder": "model", "transformer": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}

TRANSFORMER: dict[str, Any] = {
    "_class_name": "ZImageTransformer2DModel",
    "all_patch_size": [2],
    "all_f_patch_size": [1],
    "in_channels": 16,
    "dim": 3840,
    "n_layers": 30,
    "n_refiner_layers": 2,
    "n_heads": 30,
    "n_kv_heads": 30,
    "norm_eps": 1e-5,
    "qk_norm": True,
    "cap_feat_dim": 2560,
    "rope_theta": 256.0,
    "t_scale": 1000.0,
    "axes_dims": [32, 48, 48],
    "axes_lens": [1536, 512, 512],
}
"""``transformer/config.json`` of Tongyi-MAI/Z-Image-Turbo."""
TEXT_ENCODER: dict[str, Any] = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "vocab_size": 151936,
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "hidden_act": "silu",
    "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000,
    "attention_bias": False,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
"""``text_encoder/config.json``: Qwen3-4B."""
AUTOENCODER: dict[str, Any] = {
    "_class_name": "AutoencoderKL",
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 16,
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "sample_size": 1024,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "act_fn": "silu",
    "mid_block_add_attention": True,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
    "force_upcast": True,
}
"""``vae/config.json``."""
SCHEDULER: dict[str, Any] = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": False,
}
"""``scheduler/scheduler_config.json``."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of the real model: fewer layers for a smaller machine, a smaller width for tests."""

    layers: int = TRANSFORMER["n_layers"]
    """Of the transformer; the text encoder has as many fewer in proportion."""
    dim: int = TRANSFORMER["dim"]
    """Width of the transformer, a multiple of 128; all others are narrower in proportion."""

    @property
    def name(self) -> str:
        """Of the folder and the model."""
        return f"random-{self.layers}x{self.dim}"

    def configs(self) -> dict[str, dict[str, Any]]:
        """Part -> its ``config.json``."""
        share = self.dim / TRANSFORMER["dim"]

        def narrower(value: int, multiple: int) -> int:
            return max(multiple, round(value * share / multiple) * multiple)

        kv_heads = narrower(TEXT_ENCODER["num_key_value_heads"], 1)
        heads = kv_heads * TEXT_ENCODER["num_attention_heads"] // TEXT_ENCODER["num_key_value_heads"]
        hidden = narrower(TEXT_ENCODER["hidden_size"], 128)
        layers = round(TEXT_ENCODER["num_hidden_layers"] * self.layers / TRANSFORMER["n_layers"])
        return {
            "transformer": TRANSFORMER
            | {"dim": self.dim, "n_layers": self.layers, "cap_feat_dim": hidden}
            | {"n_heads": self.dim // 128, "n_kv_heads": self.dim // 128},
            "text_encoder": TEXT_ENCODER
            | {"hidden_size": hidden, "intermediate_size": narrower(TEXT_ENCODER["intermediate_size"], 64)}
            | {"num_attention_heads": heads, "num_key_value_heads": kv_heads, "num_hidden_layers": max(2, layers)}
            | {"vocab_size": max(1024, narrower(TEXT_ENCODER["vocab_size"], 128))},
            "vae": AUTOENCODER
            | {"block_out_channels": [narrower(width, 32) for width in AUTOENCODER["block_out_channels"]]},
        }


def write(folder: Path, scale: Scale, report: Callable[[str], None] = lambda _: None) -> None:
    """Write the checkpoint of ``scale`` into ``folder``; nothing is done if it is complete there.

    The tokenizer is Postcard's, whose tokens the larger vocabulary has too. ``report`` is told every file's name.
    """
    about = folder / "tintype.json"
    if about.is_file():
        return
    random = torch.randn(PERIOD, generator=torch.Generator().manual_seed(1))
    configs = scale.configs()
    for part, config in configs.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / "config.json").write_text(json.dumps(config, indent=2))
        _write_weights(folder / part, STEMS[part], _network(part, folder), random, report)
    shutil.copytree(POSTCARD / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(SCHEDULER, indent=2))
    shutil.copy(POSTCARD / "model_index.json", folder)
    about.write_text(json.dumps({"name": scale.name, "version": "1"}))  # last: it says that all is there


def _network(part: str, folder: Path) -> nn.Module:
    """The network of ``part``, without memory."""
    file = folder / part / "config.json"
    with torch.device("meta"):
        if part == "transformer":
            return Transformer(TransformerConfig.from_json(file))
        if part == "text_encoder":
            return TextEncoder(TextEncoderConfig.from_json(file))
        return Autoencoder(AutoencoderConfig.from_json(file))


def _write_weights(folder: Path, stem: str, network: nn.Module, random: Tensor, report: Callable[[str], None]) -> None:
    names: dict[str, str] = {}
    for number, shard in enumerate(_shards(network, random)):
        file = f"{stem}-{number + 1:05}.safetensors"
        report(f"{folder.name}/{file}")
        save_file(shard, folder / file, metadata={"format": "pt"})
        names |= dict.fromkeys(shard, file)
    total = sum(2 * parameter.numel() for parameter in network.parameters())
    index = {"metadata": {"total_size": total}, "weight_map": names}
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index))


def _shards(network: nn.Module, random: Tensor) -> Iterator[dict[str, Tensor]]:
    """The network's tensors, a few at a time, so that the machine never holds more."""
    shard: dict[str, Tensor] = {}
    for name, parameter in network.named_parameters():
        shard[name] = _values(name, tuple(parameter.shape), random)
        if sum(2 * tensor.numel() for tensor in shard.values()) >= SHARD_BYTES:
            yield shard
            shard = {}
    if shard:
        yield shard


def _values(name: str, shape: tuple[int, ...], random: Tensor) -> Tensor:
    """bf16 values for the tensor called ``name``; the same on every machine."""
    count, start = torch.Size(shape).numel(), zlib.crc32(name.encode()) % PERIOD
    period = torch.cat([random[start : start + count], random[: max(0, min(count - PERIOD + start, start))]])
    if len(shape) == 1:
        period = 0.1 * period if name.endswith("bias") else 1 + 0.1 * period
    elif "embed_tokens" not in name and "pad_token" not in name:
        period = period / torch.Size(shape[1:]).numel() ** 0.5
    values = period.to(torch.bfloat16)
    return values.repeat(-(-count // len(values)))[:count].view(shape)
