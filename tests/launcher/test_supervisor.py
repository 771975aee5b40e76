import contextlib
import json
import os
import signal
import socket
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from launcher.supervisor import back_off
from tests.launcher.launched import Launched, eventually, gone


@pytest.fixture
def launch(tmp_path, free_port):
    with contextlib.ExitStack() as stack:

        def start(**environ: str) -> Launched:
            port = int(environ.pop("port", free_port()))
            llama_port = int(environ.pop("llama_port", free_port()))
            launched = Launched(tmp_path, port, llama_port, **environ)
            stack.callback(launched.close)
            return launched

        yield start


def status_of(launched: Launched) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((launched.cache / f"run/{launched.port}/status.json").read_text())
    return found


def test_the_endpoint_comes_first_then_the_model_then_llama_server_then_the_ready_line(launch):
    launched = launch()
    line = launched.until("is ready")
    assert f"small is ready on http://127.0.0.1:{launched.port}/v1 (2048 tokens of context" in line
    assert '"model": "small"' in launched.until("curl")
    assert [event.split()[0] for event in launched.events] == ["proxy", "fetcher", "llama-server"]
    assert status_of(launched) | {"phase": "starting", "model": "small", "error": None} == status_of(launched)


def test_llama_server_is_started_as_it_was_asked_for(launch):
    launched = launch(CTX_SIZE="1024", TEMPERATURE="0.2", THREADS="3")
    launched.until("is ready")
    started = launched.events[-1]
    model = launched.cache / "models/small/model-file.gguf"
    assert f"--model {model} --alias small --host 127.0.0.1 --port {launched.llama_port}" in started
    assert "--ctx-size 1024 --temp 0.2 --threads 3" in started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_proxy_first_and_llama_server_last(launch, number):
    launched = launch()
    launched.until("curl")
    children = launched.descendants()
    assert launched.end(number) == 0
    assert launched.events[-3:] == [
        "proxy asked to stop, llama-server lives",
        "proxy stopped",
        "llama-server asked to stop",
    ]
    assert gone(children)
    assert not (launched.cache / f"run/{launched.port}/status.json").exists()


def test_ctrl_c_on_a_terminal_reaches_the_launcher_alone_although_it_goes_to_the_whole_group(launch):
    launched = launch()
    launched.until("curl")
    os.killpg(launched.process.pid, signal.SIGINT)  # what a terminal does
    assert launched.end() == 0
    assert launched.events[-3] == "proxy asked to stop, llama-server lives"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_stops_at_once(launch, number, code):
    launched = launch(PROXY_DOUBLE="stubborn")
    launched.until("curl")
    children = launched.descendants()
    launched.process.send_signal(number)
    eventually(lambda: any("asked to stop" in event for event in launched.events), "the proxy is asked")
    assert launched.end(number) == code
    assert gone(children)


def test_a_proxy_that_does_not_stop_is_ended_after_its_grace(launch):
    launched = launch(PROXY_DOUBLE="stubborn", DRAIN_SECONDS="-4.5")
    launched.until("curl")
    children = launched.descendants()
    assert launched.end(signal.SIGTERM) == 0
    assert gone(children)


def test_a_signal_during_a_download_stops_the_fetcher(launch):
    launched = launch(MODEL="slow")
    fetcher = psutil.Process(launched.pid_of("fetcher fetch slow"))
    assert launched.end(signal.SIGTERM) == 0
    assert gone([fetcher])


def test_kill_9_of_the_launcher_leaves_nothing_behind(launch):
    launched = launch()
    launched.until("curl")
    children = launched.descendants()
    assert {"proxy", "llama-server"} <= {event.split()[0] for event in launched.events}
    launched.process.send_signal(signal.SIGKILL)
    launched.process.wait()
    eventually(lambda: gone(children), f"all of {children} end")


def test_kill_9_of_the_launcher_during_a_download_ends_the_fetcher(launch):
    launched = launch(MODEL="slow")
    fetcher = psutil.Process(launched.pid_of("fetcher fetch slow"))
    launched.process.send_signal(signal.SIGKILL)
    launched.process.wait()
    eventually(lambda: gone([fetcher]), "the fetcher ends")


def test_a_guard_that_is_killed_takes_its_program_along(launch):
    launched = launch()
    launched.until("curl")
    llama = psutil.Process(launched.pid_of("llama-server started"))
    guard = llama.parent()
    assert guard is not None
    guard.kill()
    assert launched.end() == 10
    assert gone([llama])


@pytest.mark.parametrize("which", ["port", "llama_port"])
def test_a_port_in_use_is_named_with_its_owner_and_the_flag(launch, which):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        launched = launch(**{which: str(port)})
        assert launched.end() == 1
    flag = "--" + which.replace("_", "-")
    assert f"error: port {port} is in use" in launched.said
    assert f"(process {os.getpid()})" in launched.said
    assert f"choose another port with {flag} N." in launched.said
    assert launched.events == []


def test_a_start_on_a_port_in_use_leaves_the_status_of_the_stack_there_alone(launch):
    first = launch()
    first.until("curl")
    second = launch(port=str(first.port))
    assert second.end() == 1
    assert status_of(first)["phase"] == "starting"


def test_a_llama_server_that_dies_while_loading_is_explained(launch):
    launched = launch(LLAMA_DOUBLE="dies")
    assert launched.end() == 10
    assert (
        "error: llama-server ended: this llama-server does not know the model's architecture, nanochat."
        in launched.said
    )
    assert "--model smollm2-135m" in launched.said
    assert f"Its log: {launched.cache}/run/{launched.port}/llama-server.log" in launched.said
    assert launched.events[-1] == "proxy stopped"


def test_a_llama_server_that_dies_later_is_explained(launch):
    launched = launch()
    launched.until("curl")
    children = launched.descendants()
    with contextlib.suppress(URLError, ConnectionError):
        urlopen(f"http://127.0.0.1:{launched.llama_port}/die", timeout=5)
    assert launched.end() == 10
    assert "llama-server ended: there is not enough memory. Take a smaller --ctx-size" in launched.said
    assert gone(children)


def test_a_llama_server_that_never_gets_ready_is_given_up_with_its_last_words(launch):
    launched = launch(LLAMA_DOUBLE="loading", HEALTH_TIMEOUT="2")
    assert launched.end() == 11
    assert "did not have small ready within 2 s; it last said: load_model: loading model." in launched.said
    assert "--health-timeout" in launched.said
    assert launched.events[-1] == "llama-server asked to stop"


def test_a_proxy_that_ends_ends_the_launcher(launch):
    launched = launch(PROXY_DOUBLE="dies")
    launched.until("curl")
    with contextlib.suppress(URLError, ConnectionError):
        urlopen(f"http://127.0.0.1:{launched.port}/", timeout=5)
    assert launched.end() == 1
    assert "error: the proxy ended with exit code 7." in launched.said


def test_a_model_out_of_reach_leaves_the_endpoint_up_and_is_tried_again(launch):
    launched = launch(MODEL="late", RETRY="0.05")
    line = launched.until("No real model for now")
    assert "Next try in 0 s; simulated models answer on" in line
    launched.until("late is ready")
    assert sum(event.startswith("fetcher fetch late") for event in launched.events) == 2


def test_while_it_waits_the_status_says_why_and_when_it_is_tried_again(launch):
    launched = launch(MODEL="never")
    launched.until("Next try in 30 s")
    status = status_of(launched)
    assert status["phase"] == "failed"
    assert status["error"] == {"code": "out_of_reach", "message": "never cannot be had", "advice": "Take small."}
    assert 0 < status["retry_at"] - status["updated_at"] <= 30.1
    with urlopen(f"http://127.0.0.1:{launched.port}/health", timeout=5) as answer:
        assert answer.status == 200
    assert launched.end(signal.SIGTERM) == 0


def test_a_model_that_does_not_exist_is_not_tried_again(launch):
    launched = launch(MODEL="wrong")
    launched.until("It is not tried again")
    assert status_of(launched)["retry_at"] is None
    assert launched.end(signal.SIGINT) == 0


@pytest.mark.parametrize(("model", "code"), [("never", 5), ("wrong", 3)])
def test_fail_fast_exits_with_the_fetchers_code(launch, model, code):
    launched = launch(MODEL=model, FAIL_FAST="1")
    assert launched.end() == code
    assert f"error: {model} cannot be had. Take small." in launched.said
    assert launched.events[-1] == "proxy stopped"


def test_a_llama_server_that_cannot_be_had_leaves_the_endpoint_up(launch, tmp_path):
    launched = launch(LLAMA_SERVER=str(tmp_path / "missing"))
    assert "does not exist" in launched.until("No real model for now")
    error = status_of(launched)["error"]
    assert error["advice"] == "Give the path of a llama-server."
    assert launched.end(signal.SIGTERM) == 0


def test_the_waits_double_from_half_a_minute_to_ten_minutes():
    waits = back_off()
    assert [next(waits) for _ in range(7)] == [30, 60, 120, 240, 480, 600, 600]
