"""A small real hub: what an unmodified huggingface_hub and the download loop need, with faults on request.

Also serves plain files under /plain/ and a package index under /simple/. Faults are consumed one per GET of a
file's bytes, first to last; when none is left the server behaves.
"""

import hashlib
import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. `after` is the number of body bytes that still arrive."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    reset_after: int | None = None
    close_after: int | None = None
    stall_after: int | None = None
    flip_byte: int | None = None
    ignore_range: bool = False
    pause_per_block: float = 0.0


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    sent: int = 0

    @property
    def range(self) -> str | None:
        return self.headers.get("range")


class StandInHub:
    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}  # repository -> file -> content
        self.plain: dict[str, bytes] = {}
        self.packages: dict[str, dict[str, bytes]] = {}  # project -> file name -> content
        self.index_status: int | None = None
        self.faults: deque[Fault] = deque()
        self.metadata_faults: deque[Fault] = deque()
        self.seen: list[Seen] = []
        self.gated: set[str] = set()
        self.tokens: set[str] | None = None  # when set, only these may read gated repositories
        self.location: str | None = None  # redirect the bytes to this origin
        self.etags: dict[str, str] = {}  # file name -> a false ETag
        self.stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def downloads(self) -> list[Seen]:
        """The GETs that asked for a file's bytes here."""
        return [seen for seen in self.seen if seen.method == "GET" and "/api/" not in seen.path]

    @property
    def bytes_sent(self) -> int:
        return sum(seen.sent for seen in self.downloads)

    def close(self) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Bound(_Handler):
            pass

        Bound.hub = hub
        return Bound


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: StandInHub
    seen: Seen

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def _route(self) -> None:
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.seen = Seen(self.command, self.path, headers)
        self.hub.seen.append(self.seen)
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if path.startswith("api/models/"):
            self._model_info(path.removeprefix("api/models/"))
        elif path.startswith("plain/"):
            self._bytes(self.hub.plain.get(path.removeprefix("plain/")), path)
        elif path.startswith("simple/"):
            self._project(path.removeprefix("simple/").strip("/"))
        elif path.startswith("packages/"):
            _, project, name = path.split("/")
            self._bytes(self.hub.packages[project][name], path)
        else:
            self._resolve(path)

    def _resolve(self, path: str) -> None:
        repo, found, rest = path.partition("/resolve/")
        revision, _, name = rest.partition("/")
        if not found or not self._allowed(repo, revision):
            return
        content = self.hub.files[repo].get(name)
        if content is None:
            self._plain_answer(404, {"X-Error-Code": "EntryNotFound"})
            return
        told = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Etag": self.hub.etags.get(name, f'"{hashlib.sha256(content).hexdigest()}"'),
            "X-Linked-Size": str(len(content)),
        }
        if self.hub.location is not None:
            self._plain_answer(302, {**told, "Location": f"{self.hub.location}/plain/{name}?signature=s3cret"})
        elif self.command == "HEAD":
            self._head(len(content), told)
        else:
            self._bytes(content, name, told)

    def _allowed(self, repo: str, revision: str) -> bool:
        metadata = self.command == "HEAD" or "/api/" in self.path
        fault = self.hub.metadata_faults.popleft() if metadata and self.hub.metadata_faults else Fault()
        if fault.status is not None:
            self._plain_answer(fault.status, fault.headers)
        elif repo not in self.hub.files:
            self._plain_answer(404, {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", COMMIT):
            self._plain_answer(404, {"X-Error-Code": "RevisionNotFound"})
        elif repo in self.hub.gated and not self._has_token():
            self._plain_answer(403, {"X-Error-Code": "GatedRepo"})
        else:
            return True
        return False

    def _has_token(self) -> bool:
        token = self.seen.headers.get("authorization", "").removeprefix("Bearer ")
        return token in (self.hub.tokens or set())

    def _model_info(self, rest: str) -> None:
        repo, _, revision = rest.partition("/revision/")
        if not self._allowed(repo, revision or "main"):
            return
        siblings = [
            {"rfilename": name, "size": len(content), "lfs": {"sha256": hashlib.sha256(content).hexdigest(),
             "size": len(content), "pointerSize": 134}}
            for name, content in self.hub.files[repo].items()
        ]  # fmt: skip
        told = {
            "id": repo, "modelId": repo, "author": repo.partition("/")[0], "sha": COMMIT, "private": False,
            "siblings": siblings, "tags": [], "downloads": 0, "likes": 0, "createdAt": "2025-10-15T00:00:00.000Z",
            "cardData": {"license": "mit"},
        }  # fmt: skip
        self._document(json.dumps(told).encode(), "application/json")

    def _project(self, project: str) -> None:
        if project not in self.hub.packages or self.hub.index_status is not None:
            self._plain_answer(self.hub.index_status or 404, {})
            return
        links = "".join(f'<a href="/packages/{project}/{name}">{name}</a>' for name in self.hub.packages[project])
        self._document(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")

    def _document(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _plain_answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _head(self, length: int, told: dict[str, str]) -> None:
        self.send_response(200)
        for key, value in told.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _bytes(self, content: bytes | None, name: str, told: dict[str, str] | None = None) -> None:
        fault = self.hub.faults.popleft() if self.hub.faults else Fault()
        if content is None or fault.status is not None:
            self._plain_answer(fault.status or 404, fault.headers)
            return
        start, end, partial = self._range(fault, len(content))
        if partial and start >= len(content):
            self._plain_answer(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        etag = self.hub.etags.get(name, f'"{hashlib.sha256(content).hexdigest()}"')
        for key, value in {"ETag": etag, **(told or {}), **fault.headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if fault.flip_byte is not None:
            at = fault.flip_byte
            content = content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]
        self._send(content[start:end], fault)

    def _range(self, fault: Fault, size: int) -> tuple[int, int, bool]:
        """Where the answer starts and ends, and whether it is a part."""
        asked = self.seen.range
        if asked is None or fault.ignore_range:
            return 0, size, False
        start, _, last = asked.removeprefix("bytes=").partition("-")
        return int(start), min(size, int(last) + 1) if last else size, True

    def _send(self, body: bytes, fault: Fault) -> None:
        ends = [end for end in (fault.reset_after, fault.close_after, fault.stall_after) if end is not None]
        allowed = body[: ends[0]] if ends else body
        try:
            for at in range(0, len(allowed), 16_384):
                block = allowed[at : at + 16_384]
                self.wfile.write(block)
                self.seen.sent += len(block)
                if fault.pause_per_block:
                    time.sleep(fault.pause_per_block)
            self._end(fault)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _end(self, fault: Fault) -> None:
        if fault.stall_after is not None:
            self.hub.stop.wait(30)
        if fault.reset_after is not None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # detach the buffered file objects too, or the socket stays open and nobody sees the reset
            self.connection.close()
            self.rfile.close()
        if fault.reset_after is not None or fault.close_after is not None or fault.stall_after is not None:
            self.close_connection = True
