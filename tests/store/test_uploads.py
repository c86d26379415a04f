"""The rows of files that clients send."""

import time

import pytest

from tintype.core import Upload
from tintype.store import Store

pytestmark = pytest.mark.anyio
NEW = Upload("uploads/x/a.txt", "me", "text/plain")


async def test_an_upload_is_expected_and_then_complete(store: Store) -> None:
    assert await store.upload(NEW.key) is None
    for _ in range(2):  # a verb may be repeated
        await store.begin_upload(NEW)
    begun = await store.upload(NEW.key)
    assert begun is not None
    assert (begun.account, begun.content_type, begun.size, begun.expires_at) == ("me", "text/plain", None, None)
    assert abs(begun.created_at - time.time()) < 60
    await store.complete_upload(NEW.key, 2**40)
    done = await store.upload(NEW.key)
    assert done is not None
    assert done.size == 2**40


async def test_what_is_over_is_found_and_forgotten(store: Store) -> None:
    hour = 3600.0
    for name, end in (
        ("ended", time.time() - hour),
        ("lasting", time.time() + hour),
        ("done", None),
        ("unfinished", None),
    ):
        await store.begin_upload(Upload(name, "me", "text/plain", expires_at=end))
    for name in ("ended", "lasting", "done"):
        await store.complete_upload(name, 1)
    earlier, later = time.time() - hour, time.time() + hour
    assert await store.old_uploads(earlier, earlier) == ["ended"]
    assert sorted(await store.old_uploads(earlier, later)) == ["ended", "unfinished"]
    assert sorted(await store.old_uploads(later, earlier)) == ["done", "ended", "unfinished"]
    await store.forget_uploads(["ended", "done", "never"])
    assert await store.old_uploads(later, later) == ["unfinished"]
    assert await store.upload("lasting") is not None
