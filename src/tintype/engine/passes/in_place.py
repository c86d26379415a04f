"""The decoder's activations and sums overwrite what nobody reads again: half the memory to walk through."""

from torch import Tensor, nn
from torch.nn import functional as F

from tintype.engine.networks import Networks, parts_of
from tintype.model.autoencoder import ResnetBlock


class ResnetBlockInPlace(nn.Module):
    """The twin of :class:`~tintype.model.autoencoder.ResnetBlock`, with its modules."""

    def __init__(self, block: ResnetBlock) -> None:
        super().__init__()
        self.norm1, self.conv1 = block.norm1, block.conv1
        self.norm2, self.conv2 = block.norm2, block.conv2
        self.conv_shortcut = block.conv_shortcut

    def forward(self, x: Tensor) -> Tensor:
        """``[B, in, h, w]``, left as it is -> ``[B, out, h, w]``."""
        h = self.conv1(F.silu(self.norm1(x), inplace=True))
        h = self.conv2(F.silu(self.norm2(h), inplace=True))
        return h.add_(x if self.conv_shortcut is None else self.conv_shortcut(x))


def apply(networks: Networks) -> None:
    """Replace the decoder's residual blocks."""
    decoder = networks.autoencoder.decoder
    for name, block in parts_of(decoder, ResnetBlock):
        decoder.set_submodule(name, ResnetBlockInPlace(block))
