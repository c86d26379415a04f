"""Whom Tintype is compared with. None of them is a dependency: who is installed is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's engine."""

    kind: str
    package: str
    """What must be installed."""
    dtype: str = ""
    """Empty: Tintype's own."""
    variant: str = ""


PEERS = {
    "diffusers-fp32": Peer("diffusers", "diffusers", "float32"),
    "diffusers-bf16": Peer("diffusers", "diffusers", "bfloat16"),
    "diffusers-compiled": Peer("diffusers", "diffusers", variant="compiled"),
    "sd.cpp": Peer("stable-diffusion.cpp", "stable_diffusion_cpp", "bfloat16"),
    "sd.cpp-q8_0": Peer("stable-diffusion.cpp", "stable_diffusion_cpp", "bfloat16", "q8_0"),
    "sglang": Peer("sglang", "sglang", "bfloat16"),
    "vllm-omni": Peer("vllm-omni", "vllm_omni", "bfloat16"),
}
