"""A checkpoint large enough to be weighed: random weights in bf16, 300 MB of files, 600 MB in fp32."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from tintype.models import POSTCARD

from .tiny_checkpoint import STEMS, built

CONFIGS = {
    "transformer": {
        "all_patch_size": [2], "all_f_patch_size": [1], "in_channels": 16, "dim": 1024, "n_layers": 4,
        "n_refiner_layers": 1, "n_heads": 8, "n_kv_heads": 8, "norm_eps": 1e-5, "qk_norm": True,
        "cap_feat_dim": 1024, "rope_theta": 256.0, "t_scale": 1000.0, "axes_dims": [32, 48, 48],
        "axes_lens": [1536, 512, 512],
    },
    "text_encoder": {
        "model_type": "qwen3", "vocab_size": 20000, "hidden_size": 1024, "intermediate_size": 3072,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 128,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6,
    },
    "vae": {
        "in_channels": 3, "out_channels": 3, "latent_channels": 16, "block_out_channels": [64, 128, 128, 128],
        "layers_per_block": 2, "norm_num_groups": 32, "scaling_factor": 0.3611, "shift_factor": 0.1159,
        "mid_block_add_attention": True,
    },
}  # fmt: skip


def write_middling(root: Path) -> Path:
    """Write all of it into ``root``, with Postcard's tokenizer."""
    for part, config in CONFIGS.items():
        (root / part).mkdir(parents=True)
        (root / part / "config.json").write_text(json.dumps(config))
        tensors = {name: tensor.to(torch.bfloat16) for name, tensor in built(part, root).state_dict().items()}
        save_file(tensors, root / part / f"{STEMS[part]}.safetensors")
    (root / "scheduler").mkdir()
    (root / "scheduler" / "scheduler_config.json").write_text('{"shift": 3.0, "use_dynamic_shifting": false}')
    shutil.copytree(POSTCARD / "tokenizer", root / "tokenizer")
    return root
