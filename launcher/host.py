"""The machine we run on: system, C library, accelerators, and how many threads are worth having.

Pure functions over a `Probes`, which is the only thing here that looks at the machine; a test hands in
another one. Knows nothing of where a llama-server comes from, only which asset of a release would run.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIN_GLIBC = {"x64": (2, 35), "arm64": (2, 39)}
"""The build hosts' C libraries, https://github.com/ggml-org/llama.cpp/releases."""
MIN_GLIBC_CUDA = (2, 39)

MACHINES = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Host:
    """What decides which llama-server runs here and how. `cpus` are physical cores, `logical` hardware threads."""

    system: str
    machine: str
    libc: str = ""
    libc_version: tuple[int, ...] = ()
    accelerators: frozenset[str] = frozenset()
    cpus: int = 1
    logical: int = 1
    quota: float | None = None

    @property
    def arch(self) -> str:
        """`x64`, `arm64`, or the machine's own word for anything else."""
        return MACHINES.get(self.machine.lower(), self.machine.lower())

    @property
    def apple_silicon(self) -> bool:
        """Metal is there and llama.cpp's build for it uses it."""
        return self.system == "Darwin" and self.arch == "arm64"

    @property
    def threads(self) -> int:
        """Threads for llama-server: physical (on Apple: performance) cores, within the CPU quota.
        docs/decisions/0040 has the measurements.
        """
        allowed = self.cpus if self.quota is None else min(self.cpus, int(self.quota + 0.5))
        return max(1, allowed)

    def __str__(self) -> str:
        libc = f", {self.libc} {'.'.join(map(str, self.libc_version))}" if self.libc else ""
        return f"{self.system} {self.machine}{libc}"


@dataclass(frozen=True)
class Choice:
    """A row of releases.toml that runs here, or why there is none."""

    key: str | None
    reason: str


def release_for(host: Host, accelerator: str = "") -> Choice:
    """The key of the release asset that runs on `host`, or the reason why none does."""
    if host.system == "Darwin" and host.arch in MIN_GLIBC:
        return Choice(f"macos-{host.arch}", "Metal" if host.apple_silicon else "CPU")
    if host.system != "Linux" or host.arch not in MIN_GLIBC:
        return Choice(None, f"llama.cpp releases no build for {host.system} {host.machine} that is used here")
    if host.libc != "glibc":
        return Choice(None, "llama.cpp's Linux builds need glibc, and this system has another C library (musl)")
    if accelerator and accelerator in host.accelerators:
        return _accelerated(host, accelerator)
    return _linux(host, f"linux-{host.arch}", MIN_GLIBC[host.arch], "CPU")


def _accelerated(host: Host, accelerator: str) -> Choice:
    if accelerator == "cuda" and host.arch != "x64":
        return Choice(None, "llama.cpp releases its CUDA build for Linux x64 only")
    needed = MIN_GLIBC_CUDA if accelerator == "cuda" else MIN_GLIBC[host.arch]
    return _linux(host, f"linux-{host.arch}-{accelerator}", needed, accelerator)


def _linux(host: Host, key: str, needed: tuple[int, int], reason: str) -> Choice:
    if host.libc_version < needed:
        have = ".".join(map(str, host.libc_version))
        return Choice(None, f"llama.cpp's build needs glibc {needed[0]}.{needed[1]}, this system has {have}")
    return Choice(key, reason)


def package_runs(host: Host) -> Choice:
    """Whether the package index's prebuilt llama-server runs here."""
    if (host.system, host.arch) != ("Linux", "x64"):
        return Choice(None, "the package index has a prebuilt llama-server for Linux x64 only")
    if host.libc != "glibc" or host.libc_version < (2, 35):
        return Choice(None, "the package index's llama-server needs glibc 2.35")
    return Choice("package", "CPU")


def _output_of(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _allowed_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Probes:
    """The only eyes on the machine; every field can be replaced."""

    system: Callable[[], str] = platform.system
    machine: Callable[[], str] = platform.machine
    libc: Callable[[], tuple[str, str]] = platform.libc_ver
    which: Callable[[str], str | None] = shutil.which
    run: Callable[[list[str]], str] = _output_of
    root: Path = Path("/")
    logical: Callable[[], int] = _allowed_cpus


def detect(probes: Probes | None = None) -> Host:
    """Look at the machine. Takes a few milliseconds on Linux; never raises."""
    eyes = probes or Probes()
    system, machine = eyes.system(), eyes.machine()
    libc, version = eyes.libc() if system == "Linux" else ("", "")
    if system == "Darwin" and machine == "x86_64" and _sysctl(eyes, "sysctl.proc_translated") == 1:
        machine = "arm64"  # an Intel Python under Rosetta; the Metal build runs beside it
    return Host(
        system=system,
        machine=machine,
        libc=libc,
        libc_version=tuple(int(n) for n in re.findall(r"\d+", version)[:2]),
        accelerators=_accelerators(eyes, system, machine),
        cpus=_physical_cores(eyes, system),
        logical=eyes.logical(),
        quota=_cpu_quota(eyes.root) if system == "Linux" else None,
    )


def _accelerators(eyes: Probes, system: str, machine: str) -> frozenset[str]:
    if system == "Darwin":
        return frozenset({"metal"} if machine == "arm64" else ())
    found = set()
    nvidia = (eyes.root / "proc/driver/nvidia/version").exists()
    if nvidia or (eyes.which("nvidia-smi") and "GPU" in eyes.run(["nvidia-smi", "-L"])):
        found |= {"cuda", "vulkan"}
    if any((eyes.root / "dev/dri").glob("renderD*")):
        found.add("vulkan")
    return frozenset(found)


def _sysctl(eyes: Probes, name: str) -> int:
    text = eyes.run(["sysctl", "-n", name]).strip()
    return int(text) if text.isdigit() else 0


def _physical_cores(eyes: Probes, system: str) -> int:
    logical = eyes.logical()
    if system == "Darwin":
        return _sysctl(eyes, "hw.perflevel0.physicalcpu") or _sysctl(eyes, "hw.physicalcpu") or logical
    siblings = {
        path.read_text().strip()
        for path in (eyes.root / "sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    }
    return min(len(siblings) or logical, logical)


def _cpu_quota(root: Path) -> float | None:
    """CPUs that the control group grants, the smallest of its ancestors; None without a limit."""
    found = [quota for path in _cgroup_folders(root) if (quota := _quota_of(path)) is not None]
    return min(found, default=None)


def _cgroup_folders(root: Path) -> list[Path]:
    top = root / "sys/fs/cgroup"
    folders = [top, top / "cpu"]
    own = root / "proc/self/cgroup"
    if own.exists():
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            base = top if not controllers else top / "cpu"
            inner = base / path.lstrip("/")
            folders += [inner, *(parent for parent in inner.parents if base in parent.parents)]
    return folders


def _quota_of(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():  # version 2
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # no such file, or `max`
        return None
