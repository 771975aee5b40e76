"""Makes a small wheel that carries a file, and a source archive whose build backend leaves a mark when it runs."""

import io
import tarfile
import zipfile

BACKEND = """
import os, pathlib

def _mark():
    if os.environ.get("BACKEND_MARK"):
        pathlib.Path(os.environ["BACKEND_MARK"]).touch()

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    _mark()
    info = pathlib.Path(folder) / "tiny_tool-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: tiny-tool\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\n")
    return info.name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise SystemExit("must not be built")
"""


def wheel(member: str, content: bytes, name: str = "tiny_model", version: str = "1.0") -> bytes:
    info = f"{name}-{version}.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def source_archive() -> bytes:
    files = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: tiny-tool\nVersion: 1.0\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND,
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"tiny_tool-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
