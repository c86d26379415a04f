"""What the transformer makes of the time alone, once for each time: its embedding and every block's modulation.

Times are a handful: the steps of 1 to 8 visit 22. All at once in one product would be as many numbers, but rounded
otherwise than one at a time. Not for CUDA: there all of it is a thousandth of a step, and a compiled block that looks
a time up would be another program for each time.
"""

from collections import OrderedDict

from torch import Tensor, nn

from tintype.engine.networks import Networks, parts_of

TIMES = 64
"""Times that are kept; of Z-Image Turbo one takes 1 MB."""


class RememberedTimes(nn.Module):
    """A timestep embedder that answers a time it knows with the very tensor of the first answer."""

    def __init__(self, embedder: nn.Module) -> None:
        super().__init__()
        self.embedder = embedder
        self.known: OrderedDict[tuple[float, ...], Tensor] = OrderedDict()

    def forward(self, t: Tensor) -> Tensor:
        """``t [B]``, on the CPU, where reading it does not wait for a device -> ``[B, out]``."""
        times = tuple(float(one) for one in t)
        if times not in self.known:
            self.known[times] = self.embedder(t)
            if len(self.known) > TIMES:
                self.known.popitem(last=False)
        return self.known[times]


class RememberedModulation(nn.Module):
    """A linear layer that knows what it answered to a tensor that it has seen."""

    def __init__(self, linear: nn.Module) -> None:
        super().__init__()
        self.linear = linear
        self.known: OrderedDict[int, tuple[Tensor, Tensor]] = OrderedDict()

    def forward(self, time: Tensor) -> Tensor:
        """``time [B, 256]`` from :class:`RememberedTimes` -> ``[B, 4 D]`` or ``[B, D]``."""
        seen, answer = self.known.get(id(time), (None, None))
        if seen is not time or answer is None:
            answer = self.linear(time)
            self.known[id(time)] = time, answer  # the tensor is held, so that no other gets its id
            if len(self.known) > TIMES:
                self.known.popitem(last=False)
        return answer


def apply(networks: Networks) -> None:
    """Wrap the embedder of times, the blocks' modulations and the final layer's."""
    transformer = networks.transformer
    transformer.set_submodule("t_embedder", RememberedTimes(transformer.t_embedder))
    for name, linear in parts_of(transformer, nn.Linear):
        if name.endswith("adaLN_modulation.0"):  # a block's
            transformer.set_submodule(name, RememberedModulation(linear))
    for name, layers in parts_of(transformer, nn.Sequential):
        if name.endswith("adaLN_modulation"):  # the final layer's
            transformer.set_submodule(name, RememberedModulation(layers))
