"""Resets the connection in the middle of the answer."""

from typing import ClassVar

from proxy.faults.cut import Cut


class Reset(Cut, frozen=True):
    """Like cut, but the connection is reset (TCP RST): clients see "connection reset by peer"."""

    reset: ClassVar[bool] = True
