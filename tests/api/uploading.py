"""The steps of an upload, as fal's clients take them."""

from typing import Any

import httpx

from tests.api.gateway import Gateway


def post(gateway: Gateway, data: bytes, name: str = "a.txt", kind: str = "text/plain", **headers: str) -> str:
    """As fal's Python client: a whole file; its address."""
    sent = {"x-fal-file-name": name, "content-type": kind, **headers}
    return gateway.http.post("/files/upload", content=data, headers=sent).raise_for_status().json()["access_url"]


def initiate(gateway: Gateway, path: str = "initiate", **headers: str) -> dict[str, str]:
    """As fal's JavaScript client: where to put a file."""
    described = {"content_type": "text/plain", "file_name": "a.plain"}
    answer = gateway.http.post(f"/storage/upload/{path}?storage_type=fal-cdn-v3", json=described, headers=headers)
    return answer.raise_for_status().json()


class Python:
    """As fal's Python client sends a file in parts."""

    def __init__(self, gateway: Gateway, **headers: str) -> None:
        sent = {"x-fal-file-name": "big.bin", "content-type": "video/mp4", **headers}
        begun = gateway.http.post("/files/upload/multipart", headers=sent).raise_for_status().json()
        self.url = begun["access_url"]
        self._parts = f"{self.url}/multipart/{begun['uploadId']}"

    def put(self, n: int, data: bytes) -> httpx.Response:
        return httpx.put(f"{self._parts}/{n}", content=data)

    def etag(self, n: int, data: bytes) -> str:
        return self.put(n, data).raise_for_status().headers["etag"]

    def complete(self, *parts: tuple[int, str], body: Any = None) -> httpx.Response:
        listed = {"parts": [{"partNumber": n, "etag": etag} for n, etag in parts]}
        return httpx.post(f"{self._parts}/complete", json=listed if body is None else body)


class JavaScript(Python):
    """As fal's JavaScript client sends a file in parts."""

    def __init__(self, gateway: Gateway, **headers: str) -> None:
        begun = initiate(gateway, "initiate-multipart", **headers)
        self.url = begun["file_url"]
        self._upload = httpx.URL(begun["upload_url"])

    def _at(self, end: int | str) -> str:
        path, _, query = str(self._upload).partition("?")
        return f"{path}/{end}?{query}"

    def put(self, n: int, data: bytes) -> httpx.Response:
        return httpx.put(self._at(n), content=data)

    def etag(self, n: int, data: bytes) -> str:
        said = self.put(n, data).raise_for_status().json()
        assert said["partNumber"] == n
        return said["etag"]

    def complete(self, *parts: tuple[int, str], body: Any = None) -> httpx.Response:
        listed = {"parts": [{"partNumber": n, "etag": etag} for n, etag in parts]}
        return httpx.post(self._at("complete"), json=listed if body is None else body)
