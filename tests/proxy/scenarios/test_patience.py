"""What takes too long ends; alarms of others stay."""

import re
import signal
import sys
import threading

import pytest

from proxy.scenarios.patience import TooSlowError, at_most

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarms")


def test_a_regex_without_end_is_ended():
    with pytest.raises(TooSlowError), at_most(0.05):
        re.search("(a+)+$", "a" * 60 + "!")


def test_what_is_in_time_is_let_be_and_others_alarms_stay():
    rung = []
    handler = signal.signal(signal.SIGVTALRM, lambda *_: rung.append(True))
    left = signal.setitimer(signal.ITIMER_VIRTUAL, 30)
    try:
        with at_most(5):
            assert re.search("b", "ab")
        still, _ = signal.getitimer(signal.ITIMER_VIRTUAL)
        signal.raise_signal(signal.SIGVTALRM)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, *left)
        signal.signal(signal.SIGVTALRM, handler)

    assert 20 < still < 31
    assert rung == [True]


def test_another_thread_has_no_bound_and_no_trouble():
    found = []

    def search():
        with at_most(0.000_001):
            found.append(re.search("b", "ab"))

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()

    assert found[0]
