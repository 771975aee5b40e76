"""Start and stop, as a user and a supervisor see them: the words, the exit codes, the draining."""

import io
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from proxy.app import create_app
from proxy.keys import REAL_MODEL
from proxy.real_model import RealModel
from proxy.server import announce
from proxy.settings import Settings
from tests.running import ROOT, clean_environment, running

PACED = {
    "model": "gpt-sim-1",
    "messages": [{"role": "user", "content": "Hello"}],
    "stream": True,
    "max_tokens": 10,
    "stream_options": {"delay_min_ms": 100, "delay_max_ms": 100},
}


def run(*flags, **environment):
    command = [sys.executable, "-m", "proxy", *flags]
    return subprocess.run(
        command, cwd=ROOT, env=clean_environment(**environment), capture_output=True, text=True, timeout=30, check=False
    )


def said(proxy):
    lines = []
    while line := proxy.lines.get(timeout=10):
        lines.append(line)
    return "".join(lines)


def test_the_curl_line_works_as_printed(start_proxy):
    proxy = start_proxy()

    line = next(line for line in iter(lambda: proxy.lines.get(timeout=10), "") if line.startswith("curl "))
    done = subprocess.run(["sh", "-c", line + " -s"], capture_output=True, text=True, timeout=30, check=False)

    assert '"object":"chat.completion"' in done.stdout


def test_the_real_models_state_is_said_at_the_start(start_proxy, start_upstream, tmp_path):
    (tmp_path / "status.json").write_text('{"model": "tiny", "phase": "downloading", "percent": 41.7}')
    proxy = start_proxy("--model-status", str(tmp_path / "status.json"), "--llama-url", "http://127.0.0.1:1")
    loading = start_proxy("--llama-url", start_upstream("loading").url)

    assert "tiny" in proxy.said
    assert "loading: The model tiny is not ready yet: downloading (42%)." in proxy.said
    assert "loading: llama-server is loading the model." in loading.said


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")],
)
def test_the_address_that_is_said_is_one_to_call_and_bold_only_on_a_terminal(host, url):
    settings = Settings(host=host, llama_url=None)
    app = create_app(settings)
    app[REAL_MODEL] = RealModel(None, None, None)
    terminal, pipe = Terminal(), io.StringIO()

    announce(app, settings, 80, terminal, io.StringIO())
    announce(app, settings, 80, pipe, io.StringIO())

    assert f"base URL: \033[1m{url}/v1\033[0m" in terminal.getvalue()
    assert f"base URL: {url}/v1\n" in pipe.getvalue()
    assert "\033" not in pipe.getvalue()


def test_help_lists_the_flags_and_examples():
    done = run("--help")

    assert done.returncode == 0
    assert "--strict-models" in done.stdout
    assert "examples:" in done.stdout


def test_a_port_in_use_is_one_sentence_and_exit_code_1():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))

    assert done.returncode == 1
    assert (
        done.stderr == f"error: port {port} on 127.0.0.1 is in use; stop what listens there, or choose another with "
        "--port\n"
    )
    assert done.stdout == ""


def test_a_host_that_does_not_exist_is_one_sentence_and_exit_code_1():
    done = run("--host", "no.such.host.invalid", "--port", "0")

    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot listen on no.such.host.invalid: ")
    assert done.stderr.count("\n") == 1


def test_every_mistake_is_reported_at_once_with_exit_code_2():
    done = run("--port", "99999", "--llama-url", "ftp://x", "--nonsense", SEED="pi", LOG_LEVEL="loud")

    assert done.returncode == 2
    assert [line.split(" ")[1] for line in done.stderr.splitlines()] == [
        "unknown",
        "--port",
        "--llama-url",
        "SEED",
        "LOG_LEVEL",
    ]


def test_listening_to_the_network_is_warned_about(start_proxy):
    proxy = start_proxy("--host", "0.0.0.0")
    proxy.process.terminate()

    assert "warning: listening on 0.0.0.0" in said(proxy)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_answer_finish_refuses_new_ones_and_exits_0(start_proxy, number):
    proxy = start_proxy()

    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=PACED, timeout=20) as answer:
        lines = answer.iter_lines()
        next(lines)
        proxy.process.send_signal(number)
        rest = list(lines)

    assert rest[-2] == "data: [DONE]"
    assert proxy.process.wait(10) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{proxy.url}/health")
    assert "Traceback" not in said(proxy)


def test_draining_ends_after_its_time(start_proxy):
    proxy = start_proxy("--drain-seconds", "0.2")
    slow = PACED | {"stream_options": {"delay_min_ms": 60000}}

    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=slow, timeout=20) as answer:
        lines = answer.iter_lines()  # held: a generator that is let go closes the connection
        next(lines)
        proxy.process.terminate()
        assert proxy.process.wait(10) == 0


def test_a_second_signal_ends_at_once(start_proxy):
    proxy = start_proxy()
    slow = PACED | {"stream_options": {"delay_min_ms": 60000}}

    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=slow, timeout=20) as answer:
        lines = answer.iter_lines()
        next(lines)
        proxy.process.send_signal(signal.SIGINT)
        # Signals of one kind that are pending merge: the second is of another kind.
        proxy.process.send_signal(signal.SIGTERM)
        code = proxy.process.wait(10)

    assert code in (128 + signal.SIGINT, 128 + signal.SIGTERM)


def test_the_access_log_has_a_line_for_each_request(start_proxy):
    proxy = start_proxy("--access-log")

    httpx.get(f"{proxy.url}/health", headers={"X-Request-Id": "mine"})
    httpx.get(f"{proxy.url}/nope", headers={"X-Request-Id": "other"})
    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=PACED, headers={"X-Request-Id": "gone"}) as answer:
        next(answer.iter_lines())
    proxy.process.terminate()

    lines = said(proxy)
    assert "INFO mine GET /health 200" in lines
    assert "INFO other GET /nope 404" in lines
    assert "INFO gone POST /v1/chat/completions 499" in lines


def test_without_the_access_log_nothing_is_said_about_requests(start_proxy):
    proxy = start_proxy()

    httpx.get(f"{proxy.url}/health")
    proxy.process.terminate()

    assert "/health" not in said(proxy)


def test_it_runs_without_uvloop_too():
    without = "import sys; sys.modules['uvloop'] = None; from proxy.__main__ import main; sys.exit(main())"

    with running("-c", without, "--port", "0", "--llama-url", "") as proxy:
        with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=PACED, timeout=20) as answer:
            lines = answer.iter_lines()
            next(lines)
            proxy.process.terminate()
            rest = list(lines)
        assert rest[-2] == "data: [DONE]"
        assert proxy.process.wait(10) == 0
