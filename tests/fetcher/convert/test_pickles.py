"""The reader of pickles: what it reads is what Python reads, and what it does not know it refuses."""

import collections
import os
import pickle

import pytest

from fetcher.convert import pickles
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.pickles import Instance, unpickle

DATA = {
    "text": "é" * 300,
    "short": "a",
    "bytes": b"\x00\xff" * 200,
    "numbers": (0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**40, -(2**40)),
    "flags": (True, False, None),
    "nested": {"a": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))},
    b"key": {"empty": {}},
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_data_is_read_as_python_reads_it(protocol):
    data = {key: value for key, value in DATA.items() if protocol > 2 or not isinstance(value, bytes)}
    data.pop(b"key") if protocol == 2 else None
    assert unpickle(pickle.dumps(data, protocol), "it", {}) == data


def test_objects_that_appear_twice_are_read_once():
    shared = {"a": 1}
    read = unpickle(pickle.dumps({"one": shared, "two": shared}, 4), "it", {})
    assert read == {"one": shared, "two": shared}
    assert read["one"] is read["two"]


def test_many_objects_are_remembered_under_large_numbers():
    data = {f"key {number}": (f"value {number}",) for number in range(1000)}
    assert unpickle(pickle.dumps(data, 2), "it", {}) == data


def test_an_allowed_name_is_replaced_by_the_callers_function():
    data = pickle.dumps(collections.OrderedDict(a=1), 2)
    assert unpickle(data, "it", {"collections.OrderedDict": lambda _: {"made": "here"}}) == {"made": "here", "a": 1}


def test_a_persistent_id_is_handed_to_the_caller():
    assert unpickle(b"\x80\x02X\x01\x00\x00\x00a\x85Q.", "it", {}, lambda identity: [identity]) == [("a",)]


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_something_does_not(protocol, tmp_path):
    data = pickle.dumps({"innocent": 1, "not": Touch(tmp_path / "ran")}, protocol)
    with pytest.raises(UnsupportedCheckpoint, match="nothing of it was run"):
        unpickle(data, "it", {"collections.OrderedDict": lambda _: {}})
    assert not (tmp_path / "ran").exists()
    pickle.loads(data)
    assert (tmp_path / "ran").exists(), "the pickle is a real one"


def text(value):
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


HOSTILE = {
    "GLOBAL of a builtin": (b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "asks for 'builtins.eval'"),
    "STACK_GLOBAL of another module": (text("os") + text("system") + b"\x93.", "asks for 'os.system'"),
    "a dotted name": (text("torch") + text("Storage.__init__") + b"\x93.", "asks for 'torch.Storage.__init__'"),
    "STACK_GLOBAL of no text": (b"K\x01K\x02\x93.", "asks for 'an odd name'"),
    "INST": (b"(ios\nsystem\n.", "opcode b'i'"),
    "OBJ": (b"(cknown\nname\no.", "opcode b'o'"),
    "EXT1": (b"\x82\x01.", r"opcode b'\\x82'"),
    "NEWOBJ_EX": (b"cknown\nname\n)}\x92.", r"opcode b'\\x92'"),
    "PERSID": (b"Pabc\n.", "opcode b'P'"),
    "BINPERSID without a meaning": (b")Q.", "refers to something outside"),
    "a text as REDUCE's function": (text("print") + b")R.", "calls something that is not a name"),
    "arguments that are no tuple": (b"cknown\nname\n}R.", "calls something that is not a name"),
    "BUILD of a name": (b"cknown\nname\n}b.", "sets the state of an unknown object"),
    "BUILD with a tuple": (b"}" + b")b.", "sets the state of an unknown object"),
    "SETITEM on a tuple": (b")" + text("a") + b"K\x01s.", "fills something that is not a mapping"),
    "SETITEMS of an odd number": (b"}(" + text("a") + b"u.", "fills something that is not a mapping"),
    "a key twice": (b"}(" + (text("a") + b"K\x01") * 2 + b"u.", "the key 'a' twice"),
    "a deep tuple as a key": (b"})" + b"\x85" * 100_000 + b"Ns.", "a key that is neither text nor bytes"),
    "a memo of four billion": (b"Nj\xff\xff\xff\xff.", "does not parse"),
    "BINPUT on an empty stack": (b"q\x00.", "does not parse"),
    "an empty stack at the end": (b".", "does not parse"),
    "no mark": (b"t.", "does not parse"),
    "nothing": (b"", "does not parse"),
    "no end": (b"NNN", "does not parse"),
    "text that is cut off": (b"X\xff\xff\xff\x7fabc.", "does not parse"),
    "text that is not UTF-8": (b"X\x01\x00\x00\x00\xff.", "does not parse"),
    "a name without its end": (b"cos", "does not parse"),
    "BINBYTES8 of eight exabytes": (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", r"opcode b'\\x8e'"),
    "LONG4 of two gigabytes": (b"\x8b\xff\xff\xff\x7f.", r"opcode b'\\x8b'"),
    "a list": (b"].", r"opcode b'\]'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_checkpoint_has_is_refused(name):
    data, reason = HOSTILE[name]
    with pytest.raises(UnsupportedCheckpoint, match=reason):
        unpickle(data, "data.pkl", {"known.name": lambda _: {}})


def test_the_number_of_objects_is_limited(monkeypatch):
    monkeypatch.setattr(pickles, "MAX_OPCODES", 1000)
    with pytest.raises(UnsupportedCheckpoint, match="has more than 1,000 pickle opcodes"):
        unpickle(b"}" * 2000 + b".", "data.pkl", {})


def test_deeply_nested_data_does_not_exhaust_the_stack():
    depth = 200_000
    read = unpickle(b")" + b"\x85" * depth + b".", "it", {})
    for _ in range(depth):
        assert isinstance(read, tuple)
        (read,) = read
    assert read == ()


def test_the_state_of_an_instance_is_plain_data():
    read = unpickle(b"cknown\nname\n)\x81}" + text("a") + b"K\x01sb.", "it", {"known.name": lambda _: Instance()})
    assert isinstance(read, Instance)
    assert read.state == {"a": 1}
