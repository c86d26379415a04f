"""Prompt in, pixels out. Tensors do not leave this folder; pictures leave as uint8.

The caller drives: :meth:`Pipeline.paint` is a generator that pauses after every step, so progress, cancelling and
previews are the caller's. Every picture draws its noise from its own generator; no global random state is used.
"""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from tintype.engine import damage, placing, safety
from tintype.engine.accelerate import LEVELS, levels_of, shrink_for
from tintype.engine.captions import Captions
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.devices import wait_for
from tintype.engine.expansion import Expanded, Expander, Words, stop_tokens, with_rules
from tintype.engine.networks import Networks
from tintype.engine.plan import Plan, planned
from tintype.engine.precision import default_dtype, needs_widening, widen
from tintype.engine.sizes import Canvas, Pixels, canvas_for
from tintype.engine.weights import Progress
from tintype.errors import SetupError
from tintype.model.autoencoder import Autoencoder
from tintype.model.flow import Course, clean_at, euler_step, sigmas_for, time_of
from tintype.model.tokenizer import Tokenizer
from tintype.published import SAFETY_FOLDER


@dataclass(frozen=True, slots=True)
class Step:
    """One denoising step is done."""

    image: int
    step: int
    """1-based."""
    steps: int
    seconds: float
    preview: Pixels | None = None
    """What the picture is going to be, small; see :meth:`Pipeline.paint`."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture is done."""

    image: int
    pixels: Pixels
    flagged: bool = False
    """The safety checker found something: the pixels are black."""


Event = Words | Expanded | Step | Picture
"""What happens while pictures are painted, in this order."""


@dataclass(frozen=True, slots=True)
class Denoised:
    """Where one step has led."""

    latents: Tensor
    """fp32."""
    sigma: Tensor
    """Their noise level."""
    prediction: Tensor
    """The transformer's output, along which the step went."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The three networks of one checkpoint on one device. Read :meth:`paint` first."""

    checkpoint: Checkpoint
    device: torch.device
    dtype: torch.dtype
    """Of the arithmetic."""
    tokenizer: Tokenizer
    levels: Mapping[str, Networks]
    """By the level of acceleration."""
    expander: Expander
    checker: safety.Checker | None = None
    plan: Plan | None = None
    """What lies where; None: everything is on the device."""
    captions: Captions = field(default_factory=Captions)

    @classmethod
    def load(
        cls,
        folder: Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
        progress: Progress | None = None,
        expansion_prompt: Path | None = None,
        checks: bool = False,
        passes: Mapping[str, Sequence[str]] = LEVELS,
        plan: Plan | None = None,
    ) -> Self:
        """Read the checkpoint in ``folder`` onto ``device``; ``dtype`` defaults to what suits both.

        ``expansion_prompt`` is a file with the operator's own rules for rewriting prompts. With ``checks`` the
        checkpoint's safety checker is loaded too, if it has one. ``passes`` are those of each level of acceleration.
        ``plan`` says which layers stay on the host, and whether the transformer is in 8 bits at every level
        (:func:`plan_for`); without one, all is on the device.

        Raises:
            SetupError: the folder is not a complete checkpoint, or the file of rules cannot be used.
        """
        checkpoint = Checkpoint.open(folder)
        how = with_rules(checkpoint.expansion, expansion_prompt)
        device = torch.device(device)
        if device.type == "cuda":
            torch.cuda.set_device(device.index or 0)  # compilers and attention ask the current one what it can
        streams = plan is not None and plan.streams_text_encoder
        wide = dtype is None and not streams and needs_widening(default_dtype(checkpoint, device), device)
        dtype = dtype or default_dtype(checkpoint, device)
        tokenizer = checkpoint.tokenizer()
        encoder, transformer = placing.networks(checkpoint, plan, dtype, device, progress, shrink_for(device))
        texts = folder / "text_encoder"
        networks = Networks(encoder, transformer, channels_last(checkpoint.autoencoder(dtype, device, progress)))
        trouble = damage.found(texts, encoder)  # before passes put the weights out of sight
        if wide:
            widen(networks)
        return cls(
            checkpoint=checkpoint,
            device=device,
            dtype=torch.float32 if wide else dtype,
            tokenizer=tokenizer,
            levels=levels_of(networks, device, passes, plan),
            expander=Expander(tokenizer, encoder, how, stop_tokens(texts, tokenizer), trouble=trouble),
            checker=safety.Checker.load(folder / SAFETY_FOLDER, device) if checks and safety.is_here(folder) else None,
            plan=plan,
        )

    def paint(
        self,
        prompt: str,
        width: int,
        height: int,
        *,
        steps: int,
        seed: int,
        images: int = 1,
        previews: bool = False,
        expand: bool = False,
        check: bool = False,
        acceleration: str = "none",
    ) -> Iterator[Event]:
        """Paint ``images`` pictures of exactly ``width`` x ``height`` pixels, one after the other.

        Picture ``i`` is the single picture of seed ``seed + i``. With ``previews`` every step carries a small picture,
        if the checkpoint has a map for them; the pictures are the same with and without. With ``expand`` all of them
        are of the prompt that the text encoder writes from the given one by ``seed``. With ``check`` a picture that
        the safety checker flags is black, and so are its previews from the first that is flagged. The preview of the
        last step, which is nearly the picture, is judged by the finished picture.

        Raises:
            InputRefused: this checkpoint cannot expand prompts, or has no safety checker; or the picture is too large
                for the memory plan.
        """
        if self.plan is not None:
            self.plan.admit(width, height)
        if check and self.checker is None:
            raise safety.missing()
        checker = self.checker if check else None
        if expand:
            for event in self.expander.expand(prompt, seed):
                yield event
                if isinstance(event, Expanded):
                    prompt = event.prompt
        preview = self.checkpoint.preview if previews else None
        multiple = self.checkpoint.autoencoder_config.downsampling * self.levels[acceleration].transformer.config.patch
        canvas = canvas_for(width, height, multiple, self.checkpoint.sizes)
        caption = self.read(prompt)
        for image in range(images):
            latents, picture, hidden = self.noise(canvas.width, canvas.height, seed + image), None, False
            started = time.perf_counter()
            for step, denoised in enumerate(self.denoise(latents, caption, steps, acceleration), start=1):
                wait_for(self.device)  # a GPU may be at it still: a time too short, a cancel seen too late
                latents, seconds, small = denoised.latents, time.perf_counter() - started, None
                if preview is not None:
                    clean = clean_at(latents, denoised.prediction, denoised.sigma)
                    small = preview.picture(clean, canvas, width, height)
                    if checker is not None:
                        if step == steps:
                            picture = self.picture(image, latents, canvas, (width, height), checker)
                        hidden = picture.flagged if picture else hidden or checker.flags(small)
                        small = safety.black(small) if hidden else small
                yield Step(image, step, steps, seconds, small)
                started = time.perf_counter()
            yield picture or self.picture(image, latents, canvas, (width, height), checker)

    def read(self, prompt: str) -> Tensor:
        """The caption tokens ``[1, N, D]`` of ``prompt``; the same for every step, size and level."""
        return self.captions.of(prompt, self._read, self.levels["none"].remembered_captions)

    @torch.inference_mode()
    def _read(self, prompt: str) -> Tensor:
        networks = self.levels["none"]
        ids = torch.tensor([self.tokenizer.prompt_ids(prompt)], device=self.device)
        return networks.transformer.refine_caption(networks.text_encoder(ids))

    def noise(self, width: int, height: int, seed: int) -> Tensor:
        """Starting latents ``[1, C, height / f, width / f]``, fp32.

        Drawn on the CPU, so that a seed means the same noise on every device.
        """
        config = self.checkpoint.autoencoder_config
        shape = (1, config.latent_channels, height // config.downsampling, width // config.downsampling)
        generator = torch.Generator("cpu").manual_seed(seed % 2**64)
        return torch.randn(shape, generator=generator, dtype=torch.float32).to(self.device)

    def denoise(self, latents: Tensor, caption: Tensor, steps: int, acceleration: str = "none") -> Iterator[Denoised]:
        """Yield the latents after each of ``steps`` Euler steps from noise to picture."""
        networks = self.levels[acceleration]
        sigmas, skipped = sigmas_for(steps, self.checkpoint.shift), networks.skips(steps)
        course = Course()
        for step, (sigma, sigma_next) in enumerate(itertools.pairwise(sigmas), start=1):
            with torch.inference_mode():  # not around the yield: it must not leak into the caller
                if step in skipped:
                    prediction = course.foretold(sigma)
                else:
                    t = time_of(sigma).expand(len(latents))
                    prediction = networks.transformer(latents.to(self.dtype), t, caption)
                    course.add(sigma, prediction)
                latents = euler_step(latents, prediction, sigma, sigma_next)
            yield Denoised(latents, sigma_next, prediction)

    def picture(
        self, image: int, latents: Tensor, canvas: Canvas, size: tuple[int, int], checker: safety.Checker | None
    ) -> Picture:
        """The picture that ``latents`` have become, fit to ``size`` (width, height); black if ``checker`` flags it."""
        pixels = canvas.fit(self.develop(latents), *size)
        if checker is not None and checker.flags(pixels):
            return Picture(image, safety.black(pixels), flagged=True)
        return Picture(image, pixels)

    @torch.inference_mode()
    def develop(self, latents: Tensor) -> Pixels:
        """Finished latents ``[1, C, h, w]`` -> pixels ``[h * f, w * f, 3]``."""
        picture = self.levels["none"].autoencoder.decode(latents.to(self.dtype))[0]
        picture = (picture.float() / 2 + 0.5).clamp(0, 1) * 255
        return picture.round().to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()


def channels_last(autoencoder: Autoencoder) -> Autoencoder:
    """``autoencoder`` with its weights, and so all it computes, in the order that convolutions are fastest in."""
    for convolution in autoencoder.modules():
        if isinstance(convolution, nn.Conv2d):
            weight = convolution.weight.contiguous(memory_format=torch.channels_last)
            convolution.weight = nn.Parameter(weight, requires_grad=False)
    return autoencoder


def plan_for(
    folder: Path,
    device: torch.device,
    *,
    memory: float,
    max_pixels: int,
    checks: bool,
    dtype: torch.dtype | None = None,
) -> Plan:
    """How the checkpoint in ``folder`` is to be loaded, by default in what suits both it and ``device``.

    See :func:`tintype.engine.plan.planned`.

    Raises:
        SetupError: it does not fit, or the folder is not a complete checkpoint.
    """
    checkpoint = Checkpoint.open(folder)
    dtype = dtype or default_dtype(checkpoint, device)
    return planned(checkpoint, device, dtype, memory=memory, max_pixels=max_pixels, checks=checks)


def device_named(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is the best of this machine: CUDA (or ROCm), then Apple's, then the CPU.

    Raises:
        SetupError: there is no such device here.
    """
    if name != "auto":
        try:
            device = torch.device(name)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise SetupError(
                f"device {name!r} cannot be used: {reason}. Use auto, cpu, or a device that PyTorch finds here"
            ) from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
