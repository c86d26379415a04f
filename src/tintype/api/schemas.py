"""fal's input and output, word for word as its page has them, and their translation to and from ours.

Only this module knows both vocabularies. Messages, types and ``ctx`` of refused inputs are pydantic's, which are
fal's.
"""

import math
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticUseDefault

from tintype.core import Params, Result
from tintype.errors import InputRefused

MAX_SIDE = 14142
MAX_DRAWN_SEED = 2**53 - 1
"""The largest that JavaScript reads back unchanged."""

Preset = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
PRESETS: dict[Preset, tuple[int, int]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""Width and height in pixels."""

EXAMPLE_PROMPT = (
    "A hyper-realistic, close-up portrait of a tribal elder from the Omo Valley, painted with intricate white chalk "
    "patterns and adorned with a headdress made of dried flowers, seed pods, and rusted bottle caps. The focus is "
    "razor-sharp on the texture of the skin, showing every pore, wrinkle, and scar that tells a story of survival. "
    "The background is a blurred, smoky hut interior, with the warm glow of a cooking fire reflecting in the "
    "subject's dark, soulful eyes. Shot on a Leica M6 with Kodak Portra 400 film grain aesthetic."
)


class Input(BaseModel):
    """An object of the input: unknown fields are ignored, and null means "as if I had not said it"."""

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name and not cls.model_fields[info.field_name].is_required():
            raise PydanticUseDefault
        return value


Read = TypeVar("Read", bound=Input)


class ImageSize(Input):
    """A size in pixels."""

    width: int = Field(default=512, gt=0, le=MAX_SIDE, description="The width of the generated image.")
    height: int = Field(default=512, gt=0, le=MAX_SIDE, description="The height of the generated image.")


_PRESET: TypeAdapter[Preset] = TypeAdapter(Preset)


def _as_what_was_given(value: Any, _handler: Any) -> Any:
    """Report what is wrong with the size that was meant, not every way in which it is no size."""
    return (
        _PRESET.validate_python(value)
        if isinstance(value, str)
        else ImageSize.model_validate(value, from_attributes=True)
    )


class ZImageTurboInput(Input):
    """What may be asked."""

    prompt: str = Field(description="The prompt to generate an image from.", examples=[EXAMPLE_PROMPT])
    image_size: Annotated[ImageSize | Preset, WrapValidator(_as_what_was_given)] = Field(
        default="landscape_4_3",
        description="The size of the generated image. Default value: `landscape_4_3`",
    )
    num_inference_steps: int = Field(
        default=8,
        ge=1,
        le=30,
        description="The number of inference steps to perform. Default value: `8`",
    )
    seed: int | None = Field(
        default=None,
        description=(
            "The same seed and the same prompt given to the same version of the model\n"
            "will output the same image every time."
        ),
    )
    sync_mode: bool = Field(
        default=False,
        description=(
            "If `True`, the media will be returned as a data URI and the output data won't be available in the "
            "request history."
        ),
    )
    num_images: int = Field(default=1, ge=1, le=4, description="The number of images to generate. Default value: `1`")
    enable_safety_checker: bool = Field(
        default=True,
        # The second is what some of fal's own pages call it.
        validation_alias=AliasChoices("enable_safety_checker", "enable_safety_checks"),
        description="If set to true, the safety checker will be enabled. Default value: `true`",
    )
    enable_prompt_expansion: bool = Field(
        default=False,
        description=(
            "Whether to enable prompt expansion. Note: this will increase the price by 0.0025 credits per request."
        ),
    )
    output_format: Literal["jpeg", "png", "webp"] = Field(
        default="png", description='The format of the generated image. Default value: `"png"`'
    )
    acceleration: Literal["none", "regular", "high"] = Field(
        default="none", description='The acceleration level to use. Default value: `"none"`'
    )


class Image(BaseModel):
    """One picture of the output."""

    # All are always there; fal promises one, and its own example has four.
    model_config = ConfigDict(json_schema_extra={"required": ["url"]})

    url: str = Field(description="The URL where the file can be downloaded from.")
    content_type: str = Field(description="The mime type of the file.", examples=["image/png"])
    file_name: str = Field(description="The name of the file.", examples=["0.png"])
    file_size: int = Field(description="The size of the file in bytes.", examples=[4404019])
    width: int = Field(description="The width of the image in pixels.", examples=[1024])
    height: int = Field(description="The height of the image in pixels.", examples=[1024])


class Timings(BaseModel):
    """Seconds per phase."""

    model_config = ConfigDict(extra="allow")

    inference: float = Field(default=0.0, description="Seconds from reading the prompt to the last picture.")


class ZImageTurboOutput(BaseModel):
    """What is answered."""

    images: list[Image] = Field(
        description="The generated image files info.",
        examples=[
            [
                {
                    "height": 768,
                    "content_type": "image/png",
                    "url": "https://storage.googleapis.com/falserverless/example_outputs/z_image/z_image_turbo_output.png",
                    "width": 1024,
                }
            ]
        ],
    )
    timings: Timings
    seed: int = Field(
        description=(
            "Seed of the generated Image. It will be the same value of the one passed in the\n"
            "input or the randomly generated that was used in case none was passed."
        )
    )
    has_nsfw_concepts: list[bool] = Field(description="Whether the generated images contain NSFW concepts.")
    prompt: str = Field(description="The prompt used for generating the image.")


def read(model: type[Read], body: Any) -> Read:
    """The body as that object. InputRefused: it breaks a rule of it."""
    try:
        return model.model_validate(body, from_attributes=True)
    except ValidationError as error:
        broken = error.errors(include_url=False)
        raise InputRefused([{**entry, "loc": ["body", *entry["loc"]]} for entry in broken]) from None


def read_input(body: Any, max_pixels: int) -> Params:
    """The validated wish, with its seed drawn and its size in pixels.

    InputRefused: the body breaks a rule of the page, or asks for more than ``max_pixels``.
    """
    wish = read(ZImageTurboInput, body)
    size = wish.image_size
    width, height = (size.width, size.height) if isinstance(size, ImageSize) else PRESETS[size]
    if width * height > max_pixels:
        raise _too_large(width, height, max_pixels, body.get("image_size", size))
    return Params(
        prompt=wish.prompt,
        width=width,
        height=height,
        steps=wish.num_inference_steps,
        seed=secrets.randbelow(MAX_DRAWN_SEED + 1) if wish.seed is None else wish.seed,
        images=wish.num_images,
        format=wish.output_format,
        inline=wish.sync_mode,
        acceleration=wish.acceleration,
        check_safety=wish.enable_safety_checker,
        expand_prompt=wish.enable_prompt_expansion,
    )


def output(result: Result, urls: Sequence[str]) -> ZImageTurboOutput:
    """The answer, with one address per picture."""
    return ZImageTurboOutput(
        images=[
            Image(
                url=url,
                content_type=image.content_type,
                file_name=image.key.rpartition("/")[2],
                file_size=image.size,
                width=image.width,
                height=image.height,
            )
            for image, url in zip(result.images, urls, strict=True)
        ],
        timings=Timings(**result.timings),
        seed=result.seed,
        has_nsfw_concepts=list(result.flagged),
        prompt=result.prompt,
    )


def _too_large(width: int, height: int, max_pixels: int, given: Any) -> InputRefused:
    """Says what was given, and the largest size of the same shape that fits."""
    shrink = math.sqrt(max_pixels / (width * height))
    # A very long strip cannot become thinner than one pixel, so it becomes shorter.
    max_width = min(max(1, int(width * shrink)), max_pixels)
    max_height = min(max(1, int(height * shrink)), max_pixels // max_width)
    max_width = min(max_width, max_pixels // max_height)
    entry = {
        "type": "image_too_large",
        "loc": ["body", "image_size"],
        "msg": (
            f"The image of {width}x{height} is too large: at most {max_pixels} pixels are allowed, "
            f"which in this shape is {max_width}x{max_height}"
        ),
        "input": given,
        "ctx": {"max_height": max_height, "max_width": max_width},
    }
    return InputRefused([entry])
