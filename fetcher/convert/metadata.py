"""The key-value part of a nanochat GGUF file: names as llama.cpp reads them, and the chat template."""

from typing import Final

from fetcher.convert.gguf_writer import Value
from fetcher.convert.nanochat import EPSILON, Config
from fetcher.convert.tokenizer import Tokenizer

ARCHITECTURE: Final = "apertus"

# As the original renders a conversation: a system message goes before the first user message, with an empty
# line between. Only tokens of the original are written, so a role without any is refused. A conversation of
# a system message alone, which the original does not have, is taken as the user's.
CHAT_TEMPLATE: Final = """\
{%- set ns = namespace(system=[]) -%}
{%- for message in messages -%}
{%- if message['role'] in ['system', 'developer'] -%}
{%- set ns.system = ns.system + [message['content']] -%}
{%- endif -%}
{%- endfor -%}
{{- '<|bos|>' -}}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}
{{- '<|user_start|>' + (ns.system + [message['content']]) | join('\\n\\n') + '<|user_end|>' -}}
{%- set ns.system = [] -%}
{%- elif message['role'] == 'assistant' -%}
{{- '<|assistant_start|>' + message['content'] + '<|assistant_end|>' -}}
{%- elif message['role'] not in ['system', 'developer'] -%}
{{- raise_exception('This model knows the roles system, user and assistant only, not ' + message['role']) -}}
{%- endif -%}
{%- endfor -%}
{%- if ns.system -%}
{{- '<|user_start|>' + ns.system | join('\\n\\n') + '<|user_end|>' -}}
{%- endif -%}
{%- if add_generation_prompt -%}
{{- '<|assistant_start|>' -}}
{%- endif -%}
"""

# The original chats with temperature 0.6 and top_k 50, and has none of the others. Without its softcap the
# probabilities are sharper, so the same text asks for more.
_SAMPLING: Final[dict[str, Value]] = {
    "general.sampling.temp": 0.7,
    "general.sampling.top_k": 50,
    "general.sampling.top_p": 1.0,
    "general.sampling.min_p": 0.0,
}


def metadata(
    config: Config, tokenizer: Tokenizer, *, name: str, model_license: str, file_type: int
) -> dict[str, Value]:
    """Every key of the file, in order; `file_type` is llama.cpp's llama_ftype."""
    layers = config.n_layer
    bos, end = tokenizer.special["<|bos|>"], tokenizer.special["<|assistant_end|>"]
    return {
        "general.architecture": ARCHITECTURE,
        "general.type": "model",
        "general.name": name,
        **({"general.license": model_license} if model_license else {}),
        "general.file_type": file_type,
        "general.quantization_version": 2,
        **_SAMPLING,
        "apertus.context_length": config.sequence_len,
        "apertus.embedding_length": config.n_embd,
        "apertus.block_count": layers,
        "apertus.feed_forward_length": 4 * config.n_embd,
        "apertus.attention.head_count": config.n_head,
        "apertus.attention.head_count_kv": config.n_kv_head,
        "apertus.attention.layer_norm_rms_epsilon": EPSILON,
        "apertus.rope.dimension_count": config.head_dim,
        "apertus.rope.freq_base": 10000.0,
        "apertus.vocab_size": config.vocab_size,
        # relu(x)²: llama.cpp takes the softplus of alpha_p (1) and alpha_n (0). These keys have no prefix.
        "xielu.alpha_p": [0.5413249135] * layers,
        "xielu.alpha_n": [-100.0] * layers,
        "xielu.beta": [0.0] * layers,
        "xielu.eps": [-1e-6] * layers,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokenizer.tokens,
        "tokenizer.ggml.token_type": tokenizer.types,
        "tokenizer.ggml.merges": tokenizer.merges,
        "tokenizer.ggml.bos_token_id": bos,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.eot_token_id": end,
        "tokenizer.ggml.eom_token_id": bos,  # the original engine stops here too
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
