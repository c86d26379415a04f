"""Where pictures and uploads lie: a local folder by default, any object store that obstore knows by its address.

========================================  =======================================================================
``<job id>/<attempt>/<n>.<extension>``    a picture: a late attempt cannot overwrite the winner's files, and a job's
                                          files can be deleted together
``uploads/<random>/<name>``               what a client sent
``until/<seconds since 1970>/...``        either of these, if it has an end; see docs/decisions/0013
``inline/...``                            pictures for data URIs: never served by address
``previews/...``                          small pictures of steps: nor are these
``parts/...``, ``spool/...``              what is not a whole file yet: nor are these
========================================  =======================================================================
"""

import asyncio
import contextlib
import math
import tempfile
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar

import obstore
from obstore.store import LocalStore, from_url

from tintype.durable import flush
from tintype.errors import ServiceRefused, SetupError

INLINE = "inline/"
"""Files below this prefix are not public."""
PREVIEWS = "previews/"
"""Nor are these. Nobody misses them after a few minutes."""
PARTS = "parts/"
"""Nor are these: parts of files that are still being sent."""
SPOOL = "spool/"
"""Nor are these: what is being written."""
PRIVATE = (INLINE, PREVIEWS, PARTS, SPOOL)
UNTIL = "until/"
UPLOADS = "uploads/"

CHUNK_BYTES = 2**18
"""What is read or written at once, and how much of a file is in memory."""
LONGEST_SECONDS = 100 * 365 * 86400.0

T = TypeVar("T")
_FLUSHERS = ThreadPoolExecutor(16, thread_name_prefix="flush")


def ending(key: str, seconds: float | None) -> str:
    """``key`` for a file that ends so many seconds from now; None: it has no end of its own."""
    return key if seconds is None else f"{UNTIL}{math.ceil(time.time() + min(seconds, LONGEST_SECONDS))}/{key}"


def end_of(key: str) -> float | None:
    """When the file ends, in seconds since 1970; None: when somebody deletes it."""
    end = key.removeprefix(UNTIL).partition("/")[0] if key.startswith(UNTIL) else ""
    return float(end) if end.isdecimal() else None


def preview_key(job_id: str, attempt: int, image: int, step: int) -> str:
    """Where the picture of a step is kept, ``image`` from 0 and ``step`` from 1. Sorted, keys are in order of time."""
    return f"{PREVIEWS}{job_id}/{attempt:02}-{image}-{step:02}.jpg"


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a file without reading it."""

    size: int
    etag: str
    """Another one for any other content of the same key; with its quotes."""
    modified: datetime


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

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, durable: bool = True) -> Stored:
        """Store what ``chunks`` yields under ``key``, with little of it in memory; nothing, if ``chunks`` raises.

        ServiceRefused 507: there is no room, or it cannot be written for another reason.
        """
        file = await _kept(self._begin)
        try:
            waiting = bytearray()
            async for chunk in chunks:
                waiting += chunk
                if len(waiting) >= CHUNK_BYTES:
                    await _kept(file.write, waiting)
                    waiting = bytearray()
            await _kept(file.write, waiting)
            return await _kept(self._move, file, key, durable)
        finally:
            self._drop(file)

    async def get(self, key: str) -> bytes | None:
        """The bytes under ``key``, or None."""
        return await asyncio.to_thread(self._get, key)

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes of ``key`` from ``start`` until before ``stop``, in chunks of :data:`CHUNK_BYTES` or so."""
        if start == stop:
            return
        found = await asyncio.to_thread(obstore.get, self._store, key, options={"range": (start, stop)})
        chunks = iter(found.stream(CHUNK_BYTES))
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield bytes(chunk)

    async def head(self, key: str) -> Stored | None:
        """What is known of the file, or None if there is none."""
        try:
            meta = await asyncio.to_thread(obstore.head, self._store, key)
        except (FileNotFoundError, ValueError):  # ValueError: no key could be spelled so
            return None
        return _stored(meta)

    async def below(self, prefix: str) -> dict[str, Stored]:
        """Every file below the folder ``prefix``, by the rest of its key."""
        found = await asyncio.to_thread(self._list, prefix)
        return {meta["path"].removeprefix(prefix): _stored(meta) for meta in found}

    async def delete(self, key: str) -> None:
        """Delete one file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(obstore.delete, self._store, key)

    async def keys(self, prefix: str) -> list[str]:
        """The keys of every file below the folder ``prefix``, sorted."""
        return sorted(meta["path"] for meta in await asyncio.to_thread(self._list, prefix))

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every file below the folder ``prefix``."""
        await asyncio.to_thread(self._delete, prefix, datetime.max.replace(tzinfo=UTC))

    async def ends(self) -> list[int]:
        """The ends of all files that have one, in seconds since 1970: each is a folder below :data:`UNTIL`."""
        return await asyncio.to_thread(self._ends)

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

    def _begin(self) -> IO[bytes]:
        """A file to write into, on the same disk as the others, under no key."""
        if self._folder is None:
            return tempfile.TemporaryFile()
        (self._folder / SPOOL).mkdir(exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=self._folder / SPOOL, delete=False)

    def _drop(self, file: IO[bytes]) -> None:
        """Close it, and delete it unless it was moved."""
        with contextlib.suppress(OSError):  # what could not be written is not missed
            file.close()
        if self._folder is not None:
            Path(file.name).unlink(missing_ok=True)

    def _move(self, file: IO[bytes], key: str, durable: bool) -> Stored:
        file.flush()
        if self._folder is None:
            file.seek(0)
            obstore.put(self._store, key, file, max_concurrency=2)
        else:
            obstore.rename(self._store, f"{SPOOL}{Path(file.name).name}", key)
            if durable:
                _sync(self._folder / key, self._folder)
        return _stored(obstore.head(self._store, key))

    def _ends(self) -> list[int]:
        here = obstore.list_with_delimiter(self._store, UNTIL.rstrip("/"))  # pyright: ignore[reportUnknownMemberType]
        return [int(folder.rpartition("/")[2]) for folder in here["common_prefixes"]]

    def _list(self, prefix: str) -> list[Any]:
        pages = obstore.list(self._store, prefix.rstrip("/"))  # pyright: ignore[reportUnknownMemberType]
        return [meta for page in pages for meta in page]

    def _delete(self, prefix: str, before: datetime) -> None:
        for page in obstore.list(self._store, prefix.rstrip("/")):  # pyright: ignore[reportUnknownMemberType]
            obstore.delete(self._store, [meta["path"] for meta in page if meta["last_modified"] < before])


def _stored(meta: Any) -> Stored:
    return Stored(
        meta["size"], meta["e_tag"] or f'"{meta["last_modified"].timestamp()}-{meta["size"]}"', meta["last_modified"]
    )


async def _kept(work: Callable[..., T], *values: Any) -> T:
    """Do it in a thread; ServiceRefused 507 if the file cannot be written."""
    try:
        return await asyncio.to_thread(work, *values)
    except (OSError, obstore.exceptions.BaseError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise ServiceRefused(507, f"The file cannot be stored: {reason}", "internal_error") from error


def _sync(file: Path, folder: Path) -> None:
    """Flush a file and every folder that had to be made for it: a new folder's name is kept in the one above.

    All at once, for each flush waits for the disk and they can wait together.
    """
    made = [parent for parent in file.parents if parent.is_relative_to(folder)]
    list(_FLUSHERS.map(flush, (file, *made)))
