"""Whom a cost belongs to, in fal's words: a key, or whoever needed none."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from tintype.keys import Keys

KEY_ID = re.compile("[0-9a-f]{16}")
"""The other accounts are words, such as ``local``."""


class AuthMethod(BaseModel):
    """How whoever caused a cost had identified themselves."""

    detail: str
    api_key_id: str = ""
    login_username: str = ""


class Paid(BaseModel):
    """What every cost is told with."""

    auth_method: str = ""
    auth_method_structured: AuthMethod | None = None


def payer(account: str, keys: Keys) -> dict[str, Any]:
    """The fields of :class:`Paid`. Keys that were deleted are called by their id."""
    if _is_key(account):
        name = next((key.name for key in keys.list() if key.id == account), account)
        method = AuthMethod(detail=name, api_key_id=account)
    else:
        method = AuthMethod(detail=account, login_username=account)
    return {
        "auth_method": f"{'Key' if method.api_key_id else 'User'}: {method.detail}",
        "auth_method_structured": method,
    }


def wanted(api_key_ids: Iterable[str], login_usernames: Iterable[str]) -> set[str] | None:
    """The accounts that are meant; None: all. Nobody logs in here; whoever needs no key has a name all the same."""
    accounts = {each for each in api_key_ids if _is_key(each)} | {each for each in login_usernames if not _is_key(each)}
    return accounts if accounts or api_key_ids or login_usernames else None


def _is_key(account: str) -> bool:
    return KEY_ID.fullmatch(account) is not None
