"""The captions of the last prompts, so that a prompt painted again is not read again."""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor


class Captions:
    """The most recent captions, on the device; of the 6B's longest 4 MB each."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Tensor] = OrderedDict()

    def of(self, prompt: str, read: Callable[[str], Tensor], most: int) -> Tensor:
        """The caption of ``prompt``: remembered, or ``read`` now; of all of them ``most`` are kept."""
        if prompt in self._known:
            self._known.move_to_end(prompt)
            return self._known[prompt]
        caption = self._known[prompt] = read(prompt)
        while len(self._known) > most:
            self._known.popitem(last=False)
        return caption
