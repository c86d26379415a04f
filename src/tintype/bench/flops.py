"""How many floating-point operations a picture takes: counted on the plain networks, without running them."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from tintype.engine.checkpoint import Checkpoint
from tintype.engine.sizes import canvas_for
from tintype.model.autoencoder import Autoencoder
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Work:
    """FLOPs of each part of one picture; a multiplication and an addition are two."""

    text: int
    """Reading the prompt and refining the caption."""
    step: int
    decode: int

    def by_part(self, steps: int) -> dict[str, int]:
        """Of each part of a picture, and of the ``whole`` of one with so many ``steps``."""
        whole = self.text + self.step * steps + self.decode
        return {"text": self.text, "step": self.step, "decode": self.decode, "whole": whole}


@torch.inference_mode()
def count(checkpoint: Checkpoint, tokens: int, width: int, height: int) -> Work:
    """The work of a picture of ``width`` x ``height`` pixels by a prompt of ``tokens``, whatever passes there are.

    Matrix products, convolutions and attention are counted; where less work is done for the same picture, such as a
    caption remembered, the speed that is worked out from this is higher than the device's.
    """
    config = checkpoint.autoencoder_config
    multiple = config.downsampling * checkpoint.transformer_config.patch
    canvas = canvas_for(width, height, multiple, checkpoint.sizes)
    with torch.device("meta"):
        encoder = TextEncoder(checkpoint.text_encoder_config)
        transformer = Transformer(checkpoint.transformer_config)
        autoencoder = Autoencoder(config)
        ids = torch.zeros(1, tokens, dtype=torch.long)
        sides = canvas.height // config.downsampling, canvas.width // config.downsampling
        latents, time = torch.zeros(1, config.latent_channels, *sides), torch.zeros(1)
    with FlopCounterMode(display=False) as text:
        caption = transformer.refine_caption(encoder(ids))
    with FlopCounterMode(display=False) as step:
        transformer(latents, time, caption)
    with FlopCounterMode(display=False) as decode:
        autoencoder.decode(latents)
    return Work(text.get_total_flops(), step.get_total_flops(), decode.get_total_flops())
