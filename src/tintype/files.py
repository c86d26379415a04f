"""Where finished pictures lie: a local folder by default, any object store that obstore knows by its address.

Keys are ``<job id>/<attempt>/<n>.<extension>``, so that a late attempt cannot overwrite the winner's files and a job's
files can be deleted together. Keys under ``inline/`` are for data URIs, those under ``previews/`` are small pictures
of steps; neither are ever served by address.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.store import LocalStore, from_url

from tintype.errors import SetupError

INLINE = "inline/"
"""Files below this prefix are not public."""
PREVIEWS = "previews/"
"""Nor are these. Nobody misses them after a few minutes."""


def preview_key(job_id: str, attempt: int, image: int, step: int) -> str:
    """Where the picture of a step is kept, ``image`` from 0 and ``step`` from 1. Sorted, keys are in order of time."""
    return f"{PREVIEWS}{job_id}/{attempt:02}-{image}-{step:02}.jpg"


class FileStore:
    """Bytes by key. Blocking calls run in threads: obstore's own async calls can abort the interpreter at its exit."""

    def __init__(self, location: str) -> None:
        """``location``: a local folder (made if missing), or an address such as ``s3://bucket/prefix``.

        SetupError: it is none of these, or the folder cannot be made.
        """
        is_address = "://" in location and not location.startswith("file://")
        self._folder = None if is_address else Path(location.removeprefix("file://"))
        try:
            if self._folder is None:
                self._store = from_url(location)
            else:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._store = LocalStore(self._folder, automatic_cleanup=True)
        except (OSError, obstore.exceptions.BaseError, ValueError) as error:
            raise SetupError(f"Pictures cannot be kept in {location}: {error}") from error

    async def put(self, key: str, data: bytes, *, durable: bool = True) -> None:
        """Store ``data`` under ``key``; when this returns it survives a power cut, if ``durable``."""
        await asyncio.to_thread(self._put, key, data, durable)

    async def get(self, key: str) -> bytes | None:
        """The bytes under ``key``, or None."""
        return await asyncio.to_thread(self._get, key)

    async def keys(self, prefix: str) -> list[str]:
        """The keys of every file below the folder ``prefix``, sorted."""
        return await asyncio.to_thread(self._keys, prefix)

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every file below the folder ``prefix``."""
        await asyncio.to_thread(self._delete, prefix, datetime.max.replace(tzinfo=UTC))

    def path(self, key: str) -> Path | None:
        """Where ``key`` lies in a local folder; None if there is no such file, or no such folder."""
        if self._folder is None:
            return None
        try:
            file = (self._folder / key).resolve()
            return file if file.is_relative_to(self._folder.resolve()) and file.is_file() else None
        except (OSError, ValueError):  # such as a name that is too long, or a NUL in it
            return None

    async def expire(self, prefix: str, seconds: float) -> None:
        """Delete the files below ``prefix`` that are older than ``seconds``."""
        oldest = datetime.now(UTC) - timedelta(seconds=seconds)
        await asyncio.to_thread(self._delete, prefix, oldest)

    def _put(self, key: str, data: bytes, durable: bool) -> None:
        obstore.put(self._store, key, data)
        if durable and self._folder is not None:
            _sync(self._folder / key, self._folder)  # obstore renames atomically but does not flush to the disk

    def _get(self, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, ValueError, obstore.exceptions.BaseError):
            return None

    def _keys(self, prefix: str) -> list[str]:
        pages = obstore.list(self._store, prefix.rstrip("/"))  # pyright: ignore[reportUnknownMemberType]
        return sorted(meta["path"] for page in pages for meta in page)

    def _delete(self, prefix: str, before: datetime) -> None:
        for page in obstore.list(self._store, prefix.rstrip("/")):  # pyright: ignore[reportUnknownMemberType]
            obstore.delete(self._store, [meta["path"] for meta in page if meta["last_modified"] < before])


_FLUSHERS = ThreadPoolExecutor(16, thread_name_prefix="flush")


def _sync(file: Path, folder: Path) -> None:
    """Flush a file and every folder that had to be made for it: a new folder's name is kept in the one above.

    All at once, for each flush waits for the disk and they can wait together.
    """
    made = [parent for parent in file.parents if parent.is_relative_to(folder)]
    list(_FLUSHERS.map(_flush, (file, *made)))


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
