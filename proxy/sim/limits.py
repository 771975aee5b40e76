"""Where a text ends: at the token that is one too many, or before a stop string."""

from collections.abc import Iterable
from typing import Literal

from proxy.sim.tokens import count, cut


def limited(
    sentences: Iterable[str], max_tokens: int | None, stop: tuple[str, ...]
) -> tuple[str, int, Literal["stop", "length"]]:
    """The text as far as it may go, its tokens, and why it ends there."""
    finish: Literal["stop", "length"] = "stop"
    if max_tokens is None:
        text = "".join(sentences)
        tokens = count(text)
    else:
        text, tokens, shortened = _beginning(sentences, max_tokens)
        finish = "length" if shortened else "stop"
    # After the length cut: a stop string that is not complete within max_tokens is never seen.
    matches = [at for at in (text.find(each) for each in stop if each) if at >= 0]
    if matches:
        text, finish = text[: min(matches)], "stop"
        tokens = count(text)
        # Half a word may be more tokens than the word: then there was no room for all of them.
        if max_tokens is not None and tokens > max_tokens:
            text, tokens, _ = cut(text, max_tokens)
            finish = "length"
    return text, tokens, finish


def _beginning(sentences: Iterable[str], max_tokens: int) -> tuple[str, int, bool]:
    """`cut` of the whole text, for which no more of it is written than needed."""
    text = ""
    for sentence in sentences:
        text += sentence
        # A token of English is hardly ever as long as 8 characters. Only the last token of a beginning can be
        # another one in the whole text, and with more than `max_tokens` of them it is not among those kept.
        if len(text) > 8 * max_tokens:
            kept = cut(text, max_tokens)
            if kept[2]:
                return kept
    return cut(text, max_tokens)
