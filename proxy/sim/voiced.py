"""An answer that is spoken: each text becomes a sound, whose tokens count beside the text's."""

from bisect import bisect_right
from dataclasses import replace

from proxy.sim.job import Answer, Choice, Sound
from proxy.sim.letters import base62
from proxy.sim.speech import milliseconds, sound_tokens
from proxy.sim.tokens import count, cut

MOST_TOKENS = 16_384  # of text and sound: what gpt-audio says at most, some 11 minutes


def voiced(answer: Answer, voice: str, form: str, max_tokens: int | None) -> Answer:
    """The answer with its texts spoken; refusals and calls are not. A text is cut where its sound has no room."""
    most = min(max_tokens or MOST_TOKENS, MOST_TOKENS)
    choices = tuple([_spoken(choice, answer.id, voice, form, most) for choice in answer.choices])
    return replace(answer, choices=choices, completion_tokens=sum([choice.completion_tokens for choice in choices]))


def _spoken(choice: Choice, answer: str, voice: str, form: str, most: int) -> Choice:
    if not choice.text or choice.tool_calls:
        return choice
    name = "audio_" + base62(f"{answer} {choice.index} {voice} {form}".encode(), 24)
    unsent = choice.completion_tokens - count(choice.text)

    def begun(kept: int | None) -> Choice:
        """With so much of the text, or all of it."""
        text, finish = choice.text, choice.finish_reason
        if kept is not None:
            text, finish = cut(text, kept)[0], "length"
        length = milliseconds(text)
        sound = Sound(name, voice, form, length, sound_tokens(length)) if text else None
        tokens = unsent + count(text) + (sound.tokens if sound else 0)
        return replace(choice, text=text, finish_reason=finish, completion_tokens=tokens, sound=sound)

    whole = begun(None)
    if whole.completion_tokens <= most:
        return whole
    return begun(bisect_right(range(1, most), most, key=lambda kept: begun(kept).completion_tokens))
