"""What the playground needs to know and the model's OpenAPI document does not say."""

import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from tintype.api.gateway import Gateway, Wired, admitted
from tintype.api.openapi import TITLE
from tintype.api.schemas import EXAMPLE_PROMPT, PRESETS
from tintype.api.strangers import THIS_MACHINE
from tintype.api.surface import Seen, Surface
from tintype.config import Settings
from tintype.errors import ServiceRefused

EXAMPLES = {
    "postcard": [
        "a red sailboat at sunset",
        "a lighthouse at night with the moon",
        "two yellow tents on the beach",
        "a small white house in the snow",
        "pink flowers under a rainbow",
        "a cactus in the desert",
    ]
}
"""Prompts that a model can paint, by its name; to any other we show the one of fal's page."""


class Playground(BaseModel):
    """What is answered."""

    title: str
    model: str = Field(description="What is loaded.")
    prompts: list[str] = Field(description="Examples that this model can paint.")
    sizes: dict[str, list[int]] = Field(description="Width and height of each preset, in pixels.")
    expansion_price: float = Field(description="Of expanding one prompt; other prices: /v1/models/pricing.")
    needs_key: bool
    env: str = Field(description="The command that prints the exports for fal's Python client.")


async def playground(gateway: Wired, surface: Seen) -> Response:
    """``GET /models/fal-ai/z-image/turbo/playground``: for anyone."""
    model = gateway.engine.model
    said = Playground(
        title=TITLE,
        model=model,
        prompts=EXAMPLES.get(model, [EXAMPLE_PROMPT]),
        sizes={name: list(size) for name, size in PRESETS.items()},
        expansion_price=gateway.settings.expansion_price,
        needs_key=_needs_key(gateway),
        env=_env(gateway.settings, surface),
    )
    return JSONResponse(said.model_dump())


def _needs_key(gateway: Gateway) -> bool:
    try:
        admitted(gateway.keys.account(None), gateway)
    except ServiceRefused:
        return True
    return False


def _env(settings: Settings, surface: Surface) -> str:
    """As it has to be typed: who names us as this machine gets the whole path, others the name they used."""
    name = urlsplit(surface.root).hostname or "localhost"
    is_here = name in THIS_MACHINE
    command = [str(Path(sys.executable).with_name("tintype")) if is_here else "tintype", "env"]
    usual = Settings.model_fields
    if is_here and settings.home != usual["home"].get_default(call_default_factory=True):
        command += ["--home", str(settings.home)]
    if not is_here:
        command += ["--host", name]
    if settings.tls_port != usual["tls_port"].default:
        command += ["--tls-port", str(settings.tls_port)]
    return shlex.join(command)
