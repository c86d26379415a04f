"""What a gateway asks of the store about files that clients send: expect one, it is here, what is it."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from tintype.core import Upload
from tintype.store.database import Database, Transaction, verb
from tintype.store.submissions import PURGE_BATCH
from tintype.store.tables import now, uploads


class Uploads:
    """The verbs of uploads. The bytes are the file store's."""

    database: Database

    @verb
    async def begin_upload(self, transaction: Transaction, upload: Upload) -> None:
        """Expect a file; nobody can fetch it yet."""
        row = {
            "key": upload.key,
            "account": upload.account,
            "content_type": upload.content_type,
            "created_at": now(),
            "expires_at": upload.expires_at,
        }
        await transaction.execute(transaction.insert(uploads).values(row).on_conflict_do_nothing())

    @verb
    async def upload(self, transaction: Transaction, key: str) -> Upload | None:
        """The upload as it stands."""
        row = (await transaction.execute(select(uploads).where(uploads.c.key == key))).mappings().one_or_none()
        return Upload(**row) if row else None

    @verb
    async def complete_upload(self, transaction: Transaction, key: str, size: int) -> None:
        """All of it is here; from now on it can be fetched."""
        await transaction.execute(update(uploads).where(uploads.c.key == key).values(size=size))

    @verb
    async def old_uploads(self, transaction: Transaction, before: float, unfinished_before: float) -> Sequence[str]:
        """Keys of uploads that are over (some; ask again later): at their end; or, if they have none, begun before
        ``before``; or still unfinished and begun before ``unfinished_before`` (seconds since 1970)."""
        ended = uploads.c.expires_at <= now()
        old = uploads.c.expires_at.is_(None) & (uploads.c.created_at < before)
        unfinished = uploads.c.size.is_(None) & (uploads.c.created_at < unfinished_before)
        over = select(uploads.c.key).where(ended | old | unfinished).limit(PURGE_BATCH)
        return (await transaction.execute(over)).scalars().all()

    @verb
    async def forget_uploads(self, transaction: Transaction, keys: Sequence[str]) -> None:
        """Delete the rows; the files should be gone already."""
        await transaction.execute(delete(uploads).where(uploads.c.key.in_(keys)))
