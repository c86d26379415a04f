"""A small hub on loopback that speaks the real one's HTTP."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tintype.published import Source

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/tiny"


class Hub:
    """Serves folders as one revision of their repositories; ``cut_after`` makes it fail in the middle of an answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folders = {REPOSITORY: folder}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut_after: int | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        repository, _, name = request.path.removeprefix("/").partition(f"/resolve/{REVISION}/")
        wanted = request.headers.get("Range")
        self.requests.append((request.command, name, wanted))
        if repository not in self.folders or not (self.folders[repository] / name).is_file():
            request.send_error(404)
            return
        if self.cut_after == 0:
            request.send_error(503)
            return
        content = (self.folders[repository] / name).read_bytes()
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        request.send_response(206 if wanted else 200)
        request.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        request.send_header("X-Repo-Commit", REVISION)
        request.send_header("Content-Length", str(len(content) - start))
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if body and self.cut_after is not None and len(content) - start > self.cut_after:
            request.wfile.write(content[start : start + self.cut_after])
            self.cut_after = 0
        elif body:
            request.wfile.write(content[start:])


def source_of(published: Path) -> Source:
    files = sorted(path for path in published.rglob("*") if path.is_file())
    lines = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(published)}\n" for path in files]
    manifest = published.parent / "tiny.md5"
    manifest.write_text("# a comment\n\n" + "".join(lines))
    return Source("tiny", REPOSITORY, REVISION, manifest)
