"""What each child is: command line, environment, where its words go.

The only place that knows how the proxy, the fetcher and llama-server are called (Contracts 3 and 4).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.binary import Binary
from launcher.host import Host
from launcher.process import Spec
from launcher.settings import CACHE_VARIABLE, Settings

ROOT = Path(__file__).parent.parent
"""Where the packages lie: the clone, or what the executable unpacked to."""
LLAMA_LOG = "llama-server.log"


@dataclass(frozen=True)
class Services:
    """The children of one stack."""

    settings: Settings
    host: Host
    environ: Mapping[str, str]
    root: Path = ROOT

    def proxy(self) -> Spec:
        """The HTTP server on `port`."""
        settings = self.settings
        return self._python(
            "proxy",
            *settings.proxy_flags,
            HOST=settings.host,
            PORT=str(settings.port),
            LLAMA_URL=settings.llama_url,
            MODELS_DIR=str(settings.models_dir),
            MODEL_STATUS=str(settings.status_file),
        )

    def fetcher(self, *arguments: str, status: Path, llama_server: Path | None = None) -> Spec:
        """One command of the fetcher; its standard output, one line of JSON, is captured.

        Beside `llama_server` lies the library that a checkpoint is converted with.
        """
        settings = self.settings
        variables = {
            CACHE_VARIABLE: str(settings.cache),
            "MODELS_DIR": str(settings.models_dir),
            "MODEL_STATUS": str(status),
        }
        if settings.offline:
            variables["HF_HUB_OFFLINE"] = "1"
        if llama_server is not None:
            variables["LLAMA_SERVER"] = str(llama_server)
        return self._python("fetcher", *arguments, **variables)

    def llama(self, binary: Binary, model: Path, name: str, context: int | None) -> Spec:
        """llama-server with one model. Its own defaults hold for all that is not named here."""
        settings = self.settings
        argv = [
            str(binary.path),
            *("--model", str(model), "--alias", name),
            *("--host", "127.0.0.1", "--port", str(settings.llama_port)),
            *("--ctx-size", str(min(settings.ctx_size, context or settings.ctx_size))),
            *("--temp", f"{settings.temperature:g}"),
            *("--threads", str(settings.threads or self.host.threads)),
        ]
        if self.host.apple_silicon:
            argv += ["--n-gpu-layers", "999"]
        elif settings.accelerator not in self.host.accelerators and binary.origin == "package":
            argv += ["--device", "none"]  # that build carries Vulkan: a device nobody asked for is left alone
        env = dict(self.environ)
        if binary.library_dirs:
            old = [path for path in env.get("LD_LIBRARY_PATH", "").split(os.pathsep) if path]
            env["LD_LIBRARY_PATH"] = os.pathsep.join([*binary.library_dirs, *old])
        return Spec("llama-server", argv, env, log=settings.run_dir / LLAMA_LOG)

    def _python(self, module: str, *arguments: str, **variables: str) -> Spec:
        # -P and PYTHONPATH rather than a working folder: a relative path of the user keeps its meaning,
        # and a folder named `proxy` where the user stands is not taken for ours.
        path = os.pathsep.join(filter(None, [str(self.root), self.environ.get("PYTHONPATH", "")]))
        env = {**self.environ, **variables, "PYTHONPATH": path}
        argv = [sys.executable, "-P", "-m", module, *arguments]
        return Spec(module, argv, env, capture=module == "fetcher")
