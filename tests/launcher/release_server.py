"""A release server, archives to put on it, and a machine to fetch them for."""

import hashlib
import http.server
import io
import json
import tarfile
from pathlib import Path

from launcher.host import Host

DOUBLES = Path(__file__).parent / "doubles"
LINUX = Host("Linux", "x86_64", "glibc", (2, 39), cpus=4, logical=8)


def archive_of(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A tar.gz with these files, all executable, and these symbolic links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


def script(text: str) -> bytes:
    """A llama-server that is a shell script."""
    return f"#!/bin/sh\n{text}\n".encode()


class ReleaseServer:
    """Serves files under /download/TAG/ and their digests under /tags/TAG, as the release's two hosts do."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.digests: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.tag = "b11434"
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                server.asked.append(f"{self.command} {self.path}")
                status, body = server.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def publish(self, name: str, content: bytes, digest: str | None = "true") -> None:
        """Offer a file; `digest` None lists none, another word lists that instead of the true one."""
        self.files[name] = content
        true = hashlib.sha256(content).hexdigest()
        self.digests[name] = digest and f"sha256:{true if digest == 'true' else digest}"

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == f"/tags/{self.tag}":
            rows = [
                {"name": name, "size": len(self.files[name]), "digest": digest} for name, digest in self.digests.items()
            ]
            return 200, json.dumps({"tag_name": self.tag, "assets": rows}).encode()
        content = self.files.get(path.removeprefix(f"/download/{self.tag}/"))
        return (404, b"") if content is None else (200, content)
