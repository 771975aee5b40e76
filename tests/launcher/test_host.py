from pathlib import Path

import pytest

from launcher.host import Host, Probes, detect, package_runs, release_for


@pytest.mark.parametrize(
    ("system", "machine", "libc", "version", "devices", "asked", "key"),
    [
        ("Darwin", "arm64", "", (), {"metal"}, "", "macos-arm64"),
        ("Darwin", "x86_64", "", (), set(), "", "macos-x64"),
        ("Darwin", "arm64", "", (), {"metal"}, "cuda", "macos-arm64"),
        ("Linux", "x86_64", "glibc", (2, 35), set(), "", "linux-x64"),
        ("Linux", "AMD64", "glibc", (2, 39), set(), "", "linux-x64"),
        ("Linux", "aarch64", "glibc", (2, 39), set(), "", "linux-arm64"),
        ("Linux", "arm64", "glibc", (2, 41), set(), "", "linux-arm64"),
        ("Linux", "x86_64", "glibc", (2, 39), {"cuda", "vulkan"}, "cuda", "linux-x64-cuda"),
        ("Linux", "x86_64", "glibc", (2, 39), {"cuda", "vulkan"}, "vulkan", "linux-x64-vulkan"),
        ("Linux", "x86_64", "glibc", (2, 39), {"cuda", "vulkan"}, "", "linux-x64"),
        ("Linux", "x86_64", "glibc", (2, 39), set(), "cuda", "linux-x64"),
        ("Linux", "aarch64", "glibc", (2, 39), {"vulkan"}, "vulkan", "linux-arm64-vulkan"),
        ("Linux", "x86_64", "glibc", (2, 31), set(), "", None),
        ("Linux", "aarch64", "glibc", (2, 36), set(), "", None),
        ("Linux", "x86_64", "glibc", (2, 36), {"cuda"}, "cuda", None),
        ("Linux", "aarch64", "glibc", (2, 39), {"cuda"}, "cuda", None),
        ("Linux", "x86_64", "", (), set(), "", None),
        ("Linux", "riscv64", "glibc", (2, 39), set(), "", None),
        ("Linux", "armv7l", "glibc", (2, 39), set(), "", None),
        ("Linux", "i686", "glibc", (2, 39), set(), "", None),
        ("Windows", "AMD64", "", (), set(), "", None),
        ("FreeBSD", "amd64", "", (), set(), "", None),
    ],
)
def test_each_platform_gets_its_release_asset_or_a_reason(system, machine, libc, version, devices, asked, key):
    choice = release_for(Host(system, machine, libc, version, frozenset(devices)), asked)
    assert choice.key == key
    assert choice.reason


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (Host("Linux", "x86_64"), "musl"),
        (Host("Linux", "x86_64", "glibc", (2, 31)), "needs glibc 2.35, this system has 2.31"),
        (Host("Linux", "riscv64", "glibc", (2, 39)), "no build for Linux riscv64"),
        (Host("Windows", "AMD64"), "no build for Windows AMD64"),
    ],
)
def test_the_reason_names_what_is_in_the_way(host, words):
    assert words in release_for(host).reason


@pytest.mark.parametrize(
    ("system", "machine", "version", "runs"),
    [
        ("Linux", "x86_64", (2, 35), True),
        ("Linux", "x86_64", (2, 34), False),
        ("Linux", "aarch64", (2, 39), False),
        ("Darwin", "x86_64", (), False),
    ],
)
def test_the_package_runs_on_linux_x64_with_a_new_enough_glibc_only(system, machine, version, runs):
    libc = "glibc" if system == "Linux" else ""
    assert (package_runs(Host(system, machine, libc, version)).key is not None) is runs


@pytest.mark.parametrize(
    ("cpus", "quota", "threads"),
    [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.25, 1), (2, 16.0, 2), (1, None, 1)],
)
def test_threads_are_physical_cores_within_the_quota(cpus, quota, threads):
    assert Host("Linux", "x86_64", cpus=cpus, logical=2 * cpus, quota=quota).threads == threads


def probes(root: Path, **changed) -> Probes:
    defaults = {
        "system": lambda: "Linux",
        "machine": lambda: "x86_64",
        "libc": lambda: ("glibc", "2.36"),
        "which": lambda _: None,
        "run": lambda _: "",
        "root": root,
        "logical": lambda: 4,
    }
    return Probes(**{**defaults, **changed})


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_hyper_threads_are_counted_once(tmp_path):
    for cpu in range(4):
        siblings = f"{cpu % 2},{cpu % 2 + 2}\n"
        write(tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", siblings)
    host = detect(probes(tmp_path))
    assert (host.cpus, host.logical, host.threads) == (2, 4, 2)


def test_a_container_without_topology_counts_the_cpus_it_may_use(tmp_path):
    assert detect(probes(tmp_path)).cpus == 4


def test_the_smallest_quota_of_the_control_group_and_its_ancestors_holds(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/outer/inner\n")
    write(tmp_path / "sys/fs/cgroup/outer/cpu.max", "150000 100000\n")
    write(tmp_path / "sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n")
    assert detect(probes(tmp_path)).quota == 1.5


def test_a_container_sees_its_quota_at_the_top(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert detect(probes(tmp_path)).quota == 0.5


def test_a_quota_of_version_one_counts(tmp_path):
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert detect(probes(tmp_path)).quota == 3


def test_no_quota_is_none(tmp_path):
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert detect(probes(tmp_path)).quota is None


def test_a_graphics_device_offers_vulkan(tmp_path):
    write(tmp_path / "dev/dri/renderD128", "")
    assert detect(probes(tmp_path)).accelerators == {"vulkan"}


def test_an_nvidia_driver_offers_cuda_and_vulkan(tmp_path):
    write(tmp_path / "proc/driver/nvidia/version", "550")
    assert detect(probes(tmp_path)).accelerators == {"cuda", "vulkan"}


def test_an_nvidia_tool_without_a_device_offers_nothing(tmp_path):
    host = detect(probes(tmp_path, which=lambda _: "/usr/bin/nvidia-smi", run=lambda _: "No devices found"))
    assert host.accelerators == frozenset()


def sysctl(values: dict[str, str]):
    return lambda argv: values.get(argv[-1], "")


def test_apple_silicon_uses_its_performance_cores(tmp_path):
    run = sysctl({"hw.perflevel0.physicalcpu": "6\n", "hw.physicalcpu": "10\n"})
    host = detect(probes(tmp_path, system=lambda: "Darwin", machine=lambda: "arm64", run=run, logical=lambda: 10))
    assert (host.threads, host.accelerators, host.apple_silicon) == (6, frozenset({"metal"}), True)


def test_an_intel_mac_uses_its_physical_cores(tmp_path):
    run = sysctl({"hw.physicalcpu": "4\n"})
    host = detect(probes(tmp_path, system=lambda: "Darwin", run=run, logical=lambda: 8))
    assert (host.threads, host.apple_silicon, host.libc) == (4, False, "")


def test_an_intel_python_on_apple_silicon_still_gets_metal(tmp_path):
    run = sysctl({"sysctl.proc_translated": "1\n"})
    host = detect(probes(tmp_path, system=lambda: "Darwin", run=run))
    assert release_for(host).key == "macos-arm64"


def test_this_machine_can_be_looked_at():
    host = detect()
    assert 1 <= host.threads <= host.cpus <= host.logical
    assert host.system in str(host)
