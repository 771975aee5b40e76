"""A stand-in for the proxy: answers everything with 200; when asked to stop it notes whether llama-server still lives.

PROXY_DOUBLE: `dies` ends once it has answered twice; `stubborn` ignores SIGTERM.
"""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from events import note  # type: ignore[import-not-found]  # lies in the stand-ins' root

MODE = os.environ.get("PROXY_DOUBLE", "")
answered = 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global answered  # noqa: PLW0603
        answered += 1
        self.send_response(200)
        self.end_headers()
        if MODE == "dies" and answered > 1:
            os._exit(7)

    def log_message(self, *_):
        pass


def llama_lives() -> bool:
    try:
        with urlopen(os.environ["LLAMA_URL"] + "/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def stop(*_):
    note(f"proxy asked to stop, llama-server {'lives' if llama_lives() else 'is gone'}")
    if MODE != "stubborn":
        threading.Thread(target=server.shutdown).start()


server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, stop)
note(f"proxy started {os.getpid()}")
server.serve_forever()
note("proxy stopped")
sys.exit(0)
