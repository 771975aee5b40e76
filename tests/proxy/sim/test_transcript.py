"""What is heard: sentences for the length, and times that fill it."""

import pytest

from proxy.sim.speech import milliseconds
from proxy.sim.transcript import heard, sentences, subtitles, words

TEXT = "Hello there. It is late, is it not? Good night"


@pytest.mark.parametrize("length", [100, 1000, 10_000, 60_000, 600_000])
def test_about_as_much_is_heard_as_the_recording_is_long(length):
    text = heard(b"recording", length)

    assert text.endswith(".")
    assert milliseconds(text) <= max(length, 5000)
    assert milliseconds(text) > length - 6000


def test_other_recordings_other_sentences_and_the_same_the_same():
    assert heard(b"a", 9000) == heard(b"a", 9000) != heard(b"b", 9000)
    assert heard(b"a", 10**12)


@pytest.mark.parametrize("text", [TEXT, "one", "", "?"])
def test_words_and_sentences_follow_each_other_to_the_end(text):
    for parts in (words(text, 8000), sentences(text, 8000)):
        assert " ".join([part.text for part in parts]) == text
        at = 0
        for part in parts:
            assert at <= part.start < part.end <= 8000
            at = part.end
    assert [part.text for part in sentences(TEXT, 8000)] == ["Hello there.", "It is late, is it not?", "Good night"]


def test_subtitles_in_both_forms():
    srt, vtt = "".join(subtitles(TEXT, 3_605_000, web=False)), "".join(subtitles(TEXT, 3_605_000, web=True))

    assert srt.startswith("1\n00:00:00,000 --> 00:")
    assert "\n\n2\n" in srt
    assert srt.endswith("Good night\n\n")
    assert " --> 01:00:" in srt
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:")
    assert "".join(subtitles("", 1000, web=False)) == ""
