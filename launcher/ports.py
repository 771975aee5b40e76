"""Is a port free, and if not, who has it."""

import errno
import re
import socket
import subprocess
from pathlib import Path

from launcher.errors import ConfigurationError, PortInUseError


def check(host: str, port: int, flag: str) -> None:
    """Raise PortInUseError, or ConfigurationError for an address that is not this machine's."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            by = owner(port)
            message = f"port {port} is in use" + (f" by {by}" if by else "")
            raise PortInUseError(message, f"Stop that, or choose another port with {flag} N.") from error
        if error.errno == errno.EACCES:
            raise PortInUseError(
                f"port {port} needs a privilege this user lacks", f"Choose one from 1024 up with {flag} N."
            ) from error
        raise ConfigurationError(f"{host}:{port} cannot be listened on ({error.strerror})", "Check --host.") from error


def owner(port: int, root: Path = Path("/")) -> str:
    """Name and process id of the listener, where this user may know it; otherwise nothing."""
    sockets = _listening_sockets(port, root)
    if sockets:
        for link in (root / "proc").glob("[0-9]*/fd/*"):
            try:
                if str(link.readlink()) in sockets:
                    process = link.parent.parent
                    return f"{(process / 'comm').read_text().strip()} (process {process.name})"
            except OSError:  # another user's, or gone meanwhile
                continue
    return "" if (root / "proc").exists() else _owner_by_lsof(port)


def _listening_sockets(port: int, root: Path) -> set[str]:
    found = set()
    for name in ("tcp", "tcp6"):
        table = root / "proc/net" / name
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _owner_by_lsof(port: int) -> str:
    argv = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        text = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"p(\d+)\nc(.+)", text)
    return f"{found[2]} (process {found[1]})" if found else ""
