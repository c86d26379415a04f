"""Short-lived tokens, for callers who must not hold a key: a browser that opens a WebSocket or reads a stream."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import AliasChoices, Field, field_validator
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from tintype.api.body import read_json
from tintype.api.gateway import Account, Gateway, InDocument, Wired, account_of, admitted
from tintype.api.schemas import Input, read
from tintype.core import APPLICATION
from tintype.errors import ServiceRefused
from tintype.keys import PROXY

PARAMETER = "fal_jwt_token"
ALIAS = APPLICATION.partition("/")[2]
"""What a token opens: everything of the model's, as on fal."""
LONGEST_SECONDS = 3600.0


class TokenWish(Input):
    """What fal's clients ask for: the names of two generations of the same thing."""

    allowed_apps: list[str] = Field(validation_alias=AliasChoices("allowed_apps", "app"), min_length=1)
    token_expiration: float = Field(
        default=120, validation_alias=AliasChoices("token_expiration", "duration"), gt=0, le=LONGEST_SECONDS
    )

    @field_validator("allowed_apps", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def make_token(request: Request, gateway: Wired, account: Account) -> Response:
    """``POST /tokens/`` and ``/tokens/realtime``: a token as a bare JSON string, for the account that asks."""
    wish = read(TokenWish, await read_json(request, gateway.settings.max_body_bytes))
    for app in wish.allowed_apps:
        if _alias(app) != ALIAS:
            raise ServiceRefused(404, f'Application "{app}" not found')
    return JSONResponse(gateway.signer.token(_purpose(ALIAS), account, wish.token_expiration))


def caller_of(connection: HTTPConnection, gateway: Gateway) -> str:
    """Whose token is in the address, or whose key in the header; ServiceRefused 401: nobody's whom we know."""
    token = connection.query_params.get(PARAMETER)
    if token is None:
        return account_of(connection, gateway)
    # Some read the answer to their wish as text, and so keep the quotes of JSON.
    account = gateway.signer.read(_purpose(ALIAS), token.strip('"'))
    return admitted(account if account is not None and _exists(account, gateway) else None, gateway)


def _exists(account: str, gateway: Gateway) -> bool:
    """Its key may have been revoked since, or the first key been made."""
    return gateway.keys.knows(account) or (account == PROXY and gateway.settings.proxy_without_key)


async def _caller(connection: HTTPConnection, gateway: Wired, _key: InDocument) -> str:
    return caller_of(connection, gateway)


Caller = Annotated[str, Depends(_caller)]
"""The account of a key or a token; ServiceRefused 401 for anybody else."""


def _alias(app: str) -> str:
    """``z-image``, also from ``fal-ai/z-image`` and longer."""
    names = app.strip("/").split("/")
    return names[1] if len(names) > 1 else names[0]


def _purpose(alias: str) -> str:
    return f"app {alias}"
