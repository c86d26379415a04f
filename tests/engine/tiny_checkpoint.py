"""A whole checkpoint of tiny networks with random weights, written by the tests themselves."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, TextEncoderConfig, TransformerConfig
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer

CONFIGS = {
    "transformer": {
        "all_patch_size": [2], "all_f_patch_size": [1], "in_channels": 4, "dim": 128, "n_layers": 1,
        "n_refiner_layers": 1, "n_heads": 1, "n_kv_heads": 1, "norm_eps": 1e-5, "qk_norm": True,
        "cap_feat_dim": 32, "rope_theta": 256.0, "t_scale": 1000.0, "axes_dims": [32, 48, 48],
        "axes_lens": [1536, 512, 512],
    },
    "text_encoder": {
        "model_type": "qwen3", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6,
    },
    "vae": {
        "in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [8, 8],
        "layers_per_block": 1, "norm_num_groups": 4, "scaling_factor": 0.36, "shift_factor": 0.11,
        "mid_block_add_attention": True,
    },
}  # fmt: skip
STEMS = {"transformer": "diffusion_pytorch_model", "text_encoder": "model", "vae": "diffusion_pytorch_model"}
Tensors = dict[str, torch.Tensor]


def built(part: str, folder: Path) -> nn.Module:
    """A network with random weights, from its configuration in ``folder``."""
    torch.manual_seed(5)
    file = folder / part / "config.json"
    if part == "transformer":
        return Transformer(TransformerConfig.from_json(file))
    if part == "text_encoder":
        return TextEncoder(TextEncoderConfig.from_json(file))
    return Autoencoder(AutoencoderConfig.from_json(file))


def write(folder: Path, stem: str, tensors: Tensors, shards: int = 1) -> None:
    """Write ``tensors`` as one file, or as an index and that many shards."""
    if shards == 1:
        save_file(tensors, folder / f"{stem}.safetensors")
        return
    names = list(tensors)
    files = {f"{stem}-{i + 1:05}-of-{shards:05}.safetensors": names[i::shards] for i in range(shards)}
    for file, members in files.items():
        save_file({name: tensors[name] for name in members}, folder / file)
    index = {
        "metadata": {},
        "weight_map": {name: file for file, members in files.items() for name in members},
    }
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index))


def write_checkpoint(root: Path) -> None:
    """Write all of it into ``root``, the networks in three shards each."""
    for part, config in CONFIGS.items():
        (root / part).mkdir(parents=True)
        (root / part / "config.json").write_text(json.dumps(config))
        write(root / part, STEMS[part], built(part, root).state_dict(), shards=3)
    (root / "scheduler").mkdir()
    (root / "scheduler" / "scheduler_config.json").write_text('{"shift": 3.0, "use_dynamic_shifting": false}')
    (root / "tokenizer").mkdir()
    (root / "tokenizer" / "tokenizer.json").write_text("{}")
