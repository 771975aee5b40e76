"""Reads the few kinds of pickle that a checkpoint holds, without running any of them.

Python's own unpickler calls what a file names and believes the sizes that it states (one opcode asks
for a memo of four billion entries). This reader is an interpreter of the opcodes that torch.save and
tiktoken write and of no others. A global is looked up in the caller's table of names, never imported,
and what it "calls" is the caller's own function. Each opcode adds at most one object, and their number is
limited, so memory stays in proportion to the file. It does not know what a tensor or a tokenizer is.

Opcodes: https://github.com/python/cpython/blob/3.11/Lib/pickletools.py
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fetcher.convert.errors import UnsupportedCheckpoint

# A vocabulary of 65,536 tokens takes about 200,000 opcodes.
MAX_OPCODES: Final = 1 << 20

Arguments = tuple[object, ...]
Maker = Callable[[Arguments], object]


@dataclass(frozen=True)
class Global:
    """A name that the caller's table allows, and what stands in for calling it."""

    name: str
    make: Maker


@dataclass
class Instance:
    """An object of an allowed class, as plain data."""

    state: dict[object, object] = field(default_factory=dict)


def unpickle(data: bytes, label: str, allowed: Mapping[str, Maker], persistent: Maker | None = None) -> object:
    """The plain data that the pickle `data` describes; `label` names the file in errors.

    `allowed` maps "module.name" to the function that stands in for it. `persistent` is given a
    persistent id and answers what it stands for. Raises UnsupportedCheckpoint for everything else.
    """
    try:
        return _Machine(data, label, allowed, persistent).run()
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise UnsupportedCheckpoint(f"{label} is damaged: its pickle does not parse") from error


class _Machine:
    """The stack machine of the pickle format, reduced to what describes data."""

    def __init__(self, data: bytes, label: str, allowed: Mapping[str, Maker], persistent: Maker | None) -> None:
        self.data = data
        self.label = label
        self.allowed = allowed
        self.persistent = persistent
        self.position = 0
        self.stack: list[object] = []
        self.marked: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        for _ in range(MAX_OPCODES):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise self.refusal(f"uses the pickle opcode {code!r}")
            operation(self)
        raise self.refusal(f"has more than {MAX_OPCODES:,} pickle opcodes")

    def refusal(self, what: str) -> UnsupportedCheckpoint:
        return UnsupportedCheckpoint(f"{self.label} {what}, which nanochat's never does; nothing of it was run")

    def take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        if self.position > len(self.data):
            raise IndexError(self.position)
        return self.data[start : self.position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little", signed=True)

    def line(self) -> str:
        end = self.data.index(b"\n", self.position)
        return self.take(end + 1 - self.position)[:-1].decode()

    def mark(self) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[object]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def last(self, size: int) -> tuple[object, ...]:
        return tuple(reversed([self.stack.pop() for _ in range(size)]))

    def memoize(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def find(self, module: object, name: object) -> Global:
        full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "an odd name"
        maker = self.allowed.get(full)
        if maker is None:
            raise self.refusal(f"asks for {full[:100]!r}")
        return Global(full, maker)

    def call(self) -> object:
        called, arguments = self.last(2)
        if not isinstance(called, Global) or not isinstance(arguments, tuple):
            raise self.refusal("calls something that is not a name")
        return called.make(arguments)

    def build(self) -> None:
        """Set the state of an instance; a mapping's own attributes (torch's _metadata) say nothing."""
        target, state = self.last(2)
        if not isinstance(state, dict) or not isinstance(target, (dict, Instance)):
            raise self.refusal("sets the state of an unknown object")
        if isinstance(target, Instance):
            target.state = state
        self.stack.append(target)

    def persistent_load(self) -> object:
        identity = self.stack.pop()
        if self.persistent is None or not isinstance(identity, tuple):
            raise self.refusal("refers to something outside itself")
        return self.persistent(identity)

    def set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise self.refusal("fills something that is not a mapping")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Only these hash without recursion: a deep tuple as a key would exhaust the C stack.
            if not isinstance(key, (str, bytes)):
                raise self.refusal("has a key that is neither text nor bytes")
            if key in target:
                raise self.refusal(f"has the key {key[:100]!r} twice")
            target[key] = value


_Operation = Callable[[_Machine], None]


def _push(value: Callable[[_Machine], object]) -> _Operation:
    def operation(machine: _Machine) -> None:
        result = value(machine)  # first: it may replace the stack
        machine.stack.append(result)

    return operation


def _skip(size: int) -> _Operation:
    """For what describes no data: the protocol's number, a frame's length."""

    def operation(machine: _Machine) -> None:
        machine.take(size)

    return operation


_OPERATIONS: Final[dict[bytes, _Operation]] = {
    b"\x80": _skip(1),  # PROTO
    b"\x95": _skip(8),  # FRAME
    b"N": _push(lambda _: None),
    b"\x88": _push(lambda _: True),
    b"\x89": _push(lambda _: False),
    b"K": _push(lambda m: m.number(1)),
    b"M": _push(lambda m: m.number(2)),
    b"J": _push(lambda m: m.signed(4)),
    b"\x8a": _push(lambda m: m.signed(m.number(1))),  # LONG1
    b"X": _push(lambda m: m.take(m.number(4)).decode()),  # BINUNICODE
    b"\x8c": _push(lambda m: m.take(m.number(1)).decode()),  # SHORT_BINUNICODE
    b"B": _push(lambda m: m.take(m.number(4))),  # BINBYTES
    b"C": _push(lambda m: m.take(m.number(1))),  # SHORT_BINBYTES
    b"(": _Machine.mark,
    b")": _push(lambda _: ()),
    b"\x85": _push(lambda m: m.last(1)),
    b"\x86": _push(lambda m: m.last(2)),
    b"\x87": _push(lambda m: m.last(3)),
    b"t": _push(lambda m: tuple(m.since_mark())),  # TUPLE
    b"}": _push(lambda _: {}),
    b"s": lambda m: m.set_items(list(m.last(2))),  # SETITEM
    b"u": lambda m: m.set_items(m.since_mark()),  # SETITEMS
    b"q": lambda m: m.memoize(m.number(1)),  # BINPUT
    b"r": lambda m: m.memoize(m.number(4)),  # LONG_BINPUT
    b"\x94": lambda m: m.memoize(len(m.memo)),  # MEMOIZE
    b"h": _push(lambda m: m.memo[m.number(1)]),  # BINGET
    b"j": _push(lambda m: m.memo[m.number(4)]),  # LONG_BINGET
    b"c": _push(lambda m: m.find(m.line(), m.line())),  # GLOBAL
    b"\x93": _push(lambda m: m.find(*m.last(2))),  # STACK_GLOBAL
    b"R": _push(_Machine.call),  # REDUCE
    b"\x81": _push(_Machine.call),  # NEWOBJ
    b"b": _Machine.build,
    b"Q": _push(_Machine.persistent_load),  # BINPERSID
}
