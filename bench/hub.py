"""A hub of one repository whose files lie in a folder: as much of the protocol as huggingface_hub and the fetcher need.

    with serving(Path("/tmp/d20"), "sdobson/nanochat") as url: ...     then HF_ENDPOINT=url

Also by itself: python -m bench.hub /tmp/d20 sdobson/nanochat --port 8099
"""

import argparse
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

COMMIT: Final = "c0ffee" + "0" * 34
BLOCK: Final = 256 * 1024


class Handler(BaseHTTPRequestHandler):
    """One repository; `rate` is in bytes per second, `hashes` the sha256 of every file."""

    protocol_version = "HTTP/1.1"
    folder: Path
    repo: str
    rate: float
    hashes: dict[str, str]

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Metadata alone."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """A file, a part of it, or what the repository holds."""
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if path in (f"api/models/{self.repo}", *(f"api/models/{self.repo}/revision/{r}" for r in ("main", COMMIT))):
            self._info()
            return
        for revision in ("main", COMMIT):
            name = path.removeprefix(f"{self.repo}/resolve/{revision}/")
            if name in self.hashes:
                self._file(name, body=body)
                return
        self.send_response(404)
        self.send_header("X-Error-Code", "EntryNotFound" if path.startswith(self.repo) else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _info(self) -> None:
        files = [{"rfilename": name, "size": (self.folder / name).stat().st_size} for name in self.hashes]
        told = {"id": self.repo, "modelId": self.repo, "author": self.repo.partition("/")[0], "sha": COMMIT,
                "private": False, "siblings": files, "tags": [], "downloads": 0, "likes": 0}  # fmt: skip
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, name: str, *, body: bool) -> None:
        path = self.folder / name
        size = path.stat().st_size
        asked = self.headers.get("Range") if body else None
        first, _, last = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first), min(size, int(last) + 1) if last else size
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{self.hashes[name]}"')
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if body:
            self._send(path, start, end)

    def _send(self, path: Path, start: int, end: int) -> None:
        began, sent = time.monotonic(), 0
        try:
            with path.open("rb") as file:
                file.seek(start)
                while block := file.read(min(BLOCK, end - start - sent)):
                    self.wfile.write(block)
                    sent += len(block)
                    if self.rate:
                        time.sleep(max(0.0, began + sent / self.rate - time.monotonic()))
        except ConnectionError:
            self.close_connection = True


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def serving(folder: Path, repo: str, *, host: str = "127.0.0.1", port: int = 0, rate: float = 0) -> Iterator[str]:
    """The hub's address; `rate` is in bytes per second and connection, 0 as fast as it goes."""
    hashes = {path.relative_to(folder).as_posix(): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    bound = type("Bound", (Handler,), {"folder": folder, "repo": repo, "rate": rate, "hashes": hashes})
    server = ThreadingHTTPServer((host, port), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("repo", metavar="OWNER/NAME")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0, help="megabytes per second; 0: as fast as it goes")
    flags = parser.parse_args()
    with serving(flags.folder, flags.repo, host=flags.host, port=flags.port, rate=flags.rate * 1e6) as url:
        print(f"HF_ENDPOINT={url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
