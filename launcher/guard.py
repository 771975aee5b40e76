"""Runs one program and outlives nobody: when its standard input ends, it stops the program.

Started by the launcher as the leader of a session of its own, with the read end of a pipe whose write end only
the launcher holds. A launcher that ends in any way, kill -9 included, closes that pipe; this works alike on
Linux and macOS, unlike PR_SET_PDEATHSIG. The standard library only, and as little of it as it takes: one of these
runs beside each child. Knows nothing of the launcher.

    python -I -S guard.py GRACE_SECONDS PROGRAM [ARGUMENT ...]

Exits with the program's own code; 128 + N when signal N ended it; 126 or 127 when it could not be started.
"""

import os
import signal
import sys
import threading
import time

STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(grace: float, argv: list[str]) -> int:
    """Start `argv`, wait for its end, return its exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    pid = os.fork()
    if pid == 0:
        _become(argv)
    early = signal.sigpending() & set(STOP)
    for number in STOP:  # from here on the group's signals reach the program by themselves
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
    for number in early:  # one that came before there was a program to reach
        os.kill(pid, number)
    threading.Thread(target=_stop_when_alone, args=(grace,), daemon=True).start()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(argv: list[str]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.execvp(argv[0], argv)  # noqa: S606 -- no shell is the point
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _stop_when_alone(grace: float) -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace)  # if the program ends before, main returns and takes this thread along
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), sys.argv[2:]))
