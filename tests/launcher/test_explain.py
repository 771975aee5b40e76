import pytest

from launcher.explain import last_words, why_it_ended

# What llama-server b10434 really wrote, each on its way out.
BAD_FILE = """\
0.00.004.439 E gguf_init_from_reader: failed to read key-value pairs
0.00.004.446 E llama_model_load: error loading model: llama_model_loader: failed to load model from /m/bad.gguf
0.00.005.056 E srv  llama_server: exiting due to model loading error
"""
PORT = "0.00.002.862 E srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18082\n"
MEMORY = """\
0.00.324.808 E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 94371840000
0.00.339.090 E srv  llama_server: exiting due to model loading error
"""


@pytest.mark.parametrize(
    ("log", "code", "message", "advice"),
    [
        (BAD_FILE, 1, "the model cannot be loaded: llama_model_loader: failed to load model from", "Fetch it again"),
        (PORT, 1, "port 18082 is in use", "--llama-port"),
        (MEMORY, 1, "there is not enough memory", "--ctx-size"),
        ("E error loading model: unknown model architecture: 'nanochat'\n", 1, "architecture, nanochat", "--model"),
        ("error: unknown argument: --device\n", 1, "does not know the option --device", "--llama-server"),
        ("ggml_cuda: CUDA error: out of memory\n", 134, "there is not enough memory", "--ctx-size"),
        ("libgomp.so.1: cannot open shared object file\n", 127, "libgomp is missing", "apt install libgomp1"),
        ("loading\n", 137, "it was killed; the system does that when memory runs out", "smaller model"),
        ("loading\n", 132, "instructions that this processor does not have", "make llama-native"),
        ("loading\n", 139, "segmentation fault", "--llama-server"),
        ("first\nsecond\nthird\nfourth\n", 3, "exit code 3, its last words: second / third / fourth", "--llama-server"),
        ("", 0, "exit code 0", "--llama-server"),
    ],
)
def test_the_reason_and_the_remedy_come_from_the_log_or_else_from_the_exit_code(log, code, message, advice):
    said, what_to_do = why_it_ended(log, code)
    assert message in said
    assert advice in what_to_do
    assert not said.endswith(".")


def test_last_words_are_told_without_time_stamps_and_empty_lines():
    assert last_words("0.00.2 I one\n\n0.03.052.244 I srv  two\n", 2) == "one / srv  two"
