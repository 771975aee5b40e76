"""`python -m proxy scenario`: what it says about files, its exit code, and the schema that editors use."""

import io
import json
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from proxy.faults.table import FAULTS
from proxy.scenarios.check import USAGE, scenario
from proxy.scenarios.source import read
from tests.proxy.scenarios.test_load import GOOD
from tests.running import ROOT

SCHEMA = json.loads((ROOT / "docs" / "scenario.schema.json").read_text())


def told(*arguments):
    out, err = io.StringIO(), io.StringIO()
    return scenario(arguments, out, err), out.getvalue(), err.getvalue()


def test_a_file_that_can_be_used(tmp_path):
    (tmp_path / "s.yaml").write_text(GOOD)

    assert told("check", str(tmp_path / "s.yaml")) == (0, "ok: 5 rules\n", "")


def test_a_warning_is_no_error(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("rules:\n- {name: all, answer: {text: a}}\n- answer: {text: b}\n")

    code, _, err = told("check", str(file))
    assert (code, err) == (0, f"warning: {file}:3: rule never answers: {file}:2 'all' always answers first\n")


def test_a_file_that_cannot_be_used_exits_2_through_the_command_itself(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("rules:\n- answer: {txt: a}\n")
    command = [sys.executable, "-m", "proxy", "scenario", "check", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {file}:2: unknown key 'txt'; did you mean 'text'?\n"


def test_a_folder_stands_for_the_files_in_it_by_name(tmp_path):
    (tmp_path / "b.json").write_text('{"rules": [{"answer": {"text": "b"}}]}')
    (tmp_path / "a.yml").write_text("rules: [{answer: {text: a}}]")
    (tmp_path / "notes.txt").write_text("rules: 1")

    code, out, err = told("check", str(tmp_path))
    assert (code, out) == (0, "ok: 2 rules\n")
    assert err.startswith(f"warning: {tmp_path / 'b.json'}:1: rule never answers: {tmp_path / 'a.yml'}:1 ")


def test_a_folder_without_files_is_told_and_no_line_of_it(tmp_path):
    code, _, err = told("check", str(tmp_path))

    assert code == 2
    assert err == f"error: {tmp_path}: there is no file in this folder whose name ends in .yaml or .yml or .json\n"


def test_a_server_does_not_start_with_a_file_that_cannot_be_used(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("rules:\n- answer: {txt: a}\n")
    command = [sys.executable, "-m", "proxy", "--port", "0", "--scenario", f"{file},{tmp_path / 'none.yaml'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 2
    assert f"error: {file}:2: unknown key 'txt'" in done.stderr
    assert "none.yaml: this file cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["check"], ["chek", "x"], ["check", "--strict"]])
def test_a_command_that_is_none_tells_how(arguments):
    assert told(*arguments) == (2, "", USAGE)


def test_help_is_told():
    assert told("--help") == (0, USAGE, "")


def test_the_published_schema_is_that_of_the_format():
    code, out, _ = told("schema")

    assert (code, json.loads(out)) == (0, SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_takes_what_is_good():
    Draft202012Validator(SCHEMA).validate(read(GOOD, is_json=False).value)


@pytest.mark.parametrize(
    "rule",
    [
        {"answer": {"txt": "x"}},
        {"when": {"usr": "x"}, "answer": {"text": "x"}},
        {"when": {"user": None}, "answer": {"text": "x"}},
        {"when": {"body": None}, "answer": {"text": "x"}},
        {"when": {"endpoint": "chatt"}, "answer": {"text": "x"}},
        {"answer": {"error": 200}},
        {"answer": {"fault": {"cutt": {}}}},
        {"answer": {"fault": {"cut": {"after": 1}}}},
        {"answer": {"text": "x"}, "repeat": "forever"},
    ],
)
def test_the_schema_refuses_what_is_wrong(rule):
    assert not Draft202012Validator(SCHEMA).is_valid({"rules": [rule]})


def test_the_schema_knows_every_fault():
    (by_name,) = [
        kind for kind in SCHEMA["$defs"]["Answer"]["properties"]["fault"]["anyOf"] if kind.get("type") == "object"
    ]

    assert list(by_name["properties"]) == list(FAULTS)
