"""The weights of a checkpoint as arrays, read with Python's own zip and pickle modules: not our readers."""

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class _Pickle(pickle.Unpickler):
    archive: zipfile.ZipFile
    root: str

    def find_class(self, module, name):
        if name == "OrderedDict":
            return OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda array, _offset, shape, *_: array.reshape(shape)
        return name

    def persistent_load(self, identity):
        _, kind, key, _, _ = identity
        data = self.archive.read(f"{self.root}/data/{key}")
        if kind == "BFloat16Storage":
            return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        return np.frombuffer(data, "<f4")


def read_weights(folder: Path) -> tuple[dict[str, int], dict[str, NDArray[np.float64]]]:
    """(config, weights by key, in float64) of the checkpoint in `folder`."""
    path = next(folder.glob("model_*.pt"))
    config = json.loads(next(folder.glob("meta_*.json")).read_text())["model_config"]
    with zipfile.ZipFile(path) as archive:
        reader = _Pickle(io.BytesIO(archive.read(f"{path.stem}/data.pkl")))
        reader.archive, reader.root = archive, path.stem
        return config, {key: array.astype(np.float64) for key, array in reader.load().items()}
