"""Speech: valid files of the right length, the same everywhere, that keep their text."""

import array
import hashlib
import io
import struct
import wave

import pytest

from proxy.sim.flac import flac
from proxy.sim.mp3 import BYTES_PER_SECOND, FRAME, mp3
from proxy.sim.silence import aac, opus
from proxy.sim.speech import VOICES, milliseconds, pcm, spoken, wav

TEXT = "Hello there! It is 25 degrees, and the sun shines."
TEXTS = ["a", "7" * 300, "...", "Héllo wörld, 東京 is far.", "\ud800", " \n ", "word " * 800, TEXT]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("speed", [0.25, 1, 1.37, 4])
def test_a_wav_is_as_long_as_the_speech(text, speed):
    with wave.open(io.BytesIO(b"".join(wav(text, "alloy", speed)))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 24_000)
        assert sound.getnframes() == milliseconds(text, speed) * 24
        assert len(sound.readframes(sound.getnframes())) == 2 * sound.getnframes()


def test_longer_texts_take_longer_and_faster_speech_does_not():
    assert milliseconds(TEXT) < milliseconds(TEXT + " " + TEXT)
    assert milliseconds(TEXT, 2) == pytest.approx(milliseconds(TEXT) / 2, abs=1)
    assert 3000 < milliseconds(TEXT) < 6000


def test_there_is_a_hum_in_words_and_silence_between():
    samples = array.array("h", b"".join(pcm(TEXT, "nova", 1)))

    for word in spoken(TEXT):
        assert max(samples[word.start * 24 : word.end * 24]) > 5000
        assert not any(samples[word.end * 24 : word.next * 24])


def test_voices_differ_and_so_do_texts():
    sounds = {b"".join(pcm(TEXT, voice, 1)) for voice in (*VOICES, "voice_1234")}

    assert len(sounds) == len(VOICES) + 1
    assert b"".join(pcm("one", "alloy", 1)) != b"".join(pcm("two", "alloy", 1))


def frames(data):
    """The frames behind the tag: each as the bits that follow its header."""
    assert data[:5] == b"ID3\x04\0"
    at = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    assert (len(data) - at) % FRAME == 0
    for start in range(at, len(data), FRAME):
        # MPEG-2, layer III, no checksum; 32 kbit/s, 24 kHz, no padding; mono
        assert data[start : start + 4] == b"\xff\xf3\x44\xc4"
        yield "".join([f"{byte:08b}" for byte in data[start + 4 : start + FRAME]])


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("speed", [0.25, 1, 4])
def test_an_mp3_has_whole_frames_for_the_length(text, speed):
    found = list(frames(b"".join(mp3(text, "alloy", speed))))

    assert 0 <= len(found) * 24 - milliseconds(text, speed) < 24
    assert BYTES_PER_SECOND * 8 == 32_000


def test_a_frame_of_an_mp3_holds_one_line_or_nothing():
    loud = 0
    for bits in frames(b"".join(mp3(TEXT, "alloy", 1))):
        length, pairs = int(bits[9:21], 2), int(bits[21:30], 2)
        assert bits[:9] == "0" * 9
        assert bits[72 + length :].strip("0") == ""
        if length:
            loud += 1
            # Table 1 of the standard: "1" is two nothings, "01" is 1 and nothing, and then comes the sign.
            assert bits[72 : 72 + length] == "1" * (pairs - 1) + "010"
    assert loud


def crc(data, bits, polynomial):
    """Bit by bit, as the standards describe it."""
    value = 0
    for byte in data:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> bits - 1 else 0)) & (1 << bits) - 1
    return value


@pytest.mark.parametrize("text", ["a", TEXT])
@pytest.mark.parametrize("speed", [0.9, 4])
def test_a_flac_holds_the_samples_as_they_are(text, speed):
    head, *frames = flac(text, "alloy", speed)
    samples = b""
    for number, frame in enumerate(frames):
        size = 4096 if number < len(frames) - 1 else struct.unpack_from(">H", frame, 5)[0] + 1
        start = 6 + 2 * (number == len(frames) - 1 and frame[2] >> 4 == 7)
        assert frame[:2] == b"\xff\xf8"
        assert frame[4] == number < 128
        assert frame[start - 1] == crc(frame[: start - 1], 8, 0x07)
        assert int.from_bytes(frame[-2:], "big") == crc(frame[:-2], 16, 0x8005)
        assert len(frame) == start + 1 + 2 * size + 2
        samples += frame[start + 1 : -2]
    bare = array.array("h", samples)
    bare.byteswap()
    assert bare.tobytes() == b"".join(pcm(text, "alloy", speed))
    assert int.from_bytes(head[18:26], "big") == 24_000 << 44 | 15 << 36 | milliseconds(text, speed) * 24
    assert head.endswith(b"COMMENT=" + text.encode())


@pytest.mark.parametrize("text", TEXTS)
def test_an_opus_file_has_pages_for_the_length(text):
    pages = list(opus(text, "alloy", 1))

    for number, page in enumerate(pages):
        assert page[:5] == b"OggS\0"
        assert struct.unpack_from("<I", page, 18) == (number,)
        assert struct.unpack_from("<I", page, 22) == (crc(page[:22] + bytes(4) + page[26:], 32, 0x04C11DB7),)
        assert len(page) == 27 + page[26] + sum(page[27 : 27 + page[26]])
    assert [page[5] for page in pages] == [2, *[0] * (len(pages) - 2), 4]
    assert struct.unpack_from("<q", pages[-1], 6) == (312 + milliseconds(text) * 48,)
    packets = sum(page[26] for page in pages[2:])
    assert 0 <= packets * 960 - 312 - milliseconds(text) * 48 < 960


def test_an_aac_stream_has_frames_for_the_length():
    made = b"".join(aac(TEXT, "alloy", 1))

    assert 0 <= len(made) // 11 * 1024 - milliseconds(TEXT) * 24 < 1024
    for at in range(0, len(made), 11):
        head = int.from_bytes(made[at : at + 7], "big")
        assert head >> 40 == 0xFFF1
        assert head >> 34 & 15 == 6  # 24 kHz
        assert head >> 13 & 0x1FFF == 11  # bytes of the frame


def test_the_text_is_in_the_files():
    assert TEXT.encode() + b"\0" in next(wav(TEXT, "alloy", 1))
    assert next(mp3(TEXT, "alloy", 1)).endswith(TEXT.encode())


def test_sounds_are_these_everywhere():
    made = b"".join([*wav(TEXT, "coral", 1.1), *mp3(TEXT, "coral", 1.1)])

    assert hashlib.sha256(made).hexdigest().startswith("88496abdabfab80c")
