"""Profiles are read from presets and files; their times vary as they say, and the same with the same seed."""

from random import Random
from statistics import fmean, median, quantiles, stdev

import pytest

from proxy.latency.profile import Profile, ProfileError, Spread, presets, read, spread


def drawn(distribution, ms=100.0, spread_ms=20.0):
    random = Random(7)
    time = Spread(ms=ms, spread_ms=spread_ms, distribution=distribution)
    return [time.draw(random) for _ in range(20_000)]


def test_constant():
    assert set(drawn("constant")) == {100.0}


def test_uniform():
    times = drawn("uniform")

    assert [min(times), max(times)] == pytest.approx([80, 120], abs=0.1)
    assert fmean(times) == pytest.approx(100, abs=0.5)


def test_normal():
    times = drawn("normal")

    assert [fmean(times), stdev(times)] == pytest.approx([100, 20], abs=0.5)
    assert min(drawn("normal", 1.0, 50.0)) == 0


def test_lognormal_has_its_median_and_95th_percentile():
    times = drawn("lognormal", 250.0, 450.0)

    assert median(times) == pytest.approx(250, rel=0.03)
    assert quantiles(times, n=20)[-1] == pytest.approx(700, rel=0.03)
    assert set(drawn("lognormal", 0.0, 0.0)) == {0.0}


def test_every_preset_is_a_profile():
    assert "gpt-4o" in presets()
    for name in presets():
        profile = read(name)
        assert spread(profile.per_token).ms > 0
        assert profile.ttft or profile.prefill_tokens_per_second


def test_what_is_given_wins_over_the_preset():
    profile = Profile(preset="gpt-4o", per_token=1.0, slots=3).whole()

    assert (profile.per_token, profile.slots, profile.cache) == (1.0, 3, True)
    assert spread(profile.ttft).ms == 250


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.toml", 'ttft = 100\nper_token = { ms = 10, spread_ms = 2, distribution = "normal" }\n'),
        ("p.json", '{"ttft": 100, "per_token": {"ms": 10, "spread_ms": 2, "distribution": "normal"}}'),
    ],
)
def test_a_file_is_a_profile(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    profile = read(str(tmp_path / name))

    assert spread(profile.ttft) == Spread(ms=100)
    assert profile.per_token == Spread(ms=10, spread_ms=2, distribution="normal")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"ttft": -1}', "Expected `float` >= 0"),
        ('{"per_token": {"ms": 1, "distribution": "gamma"}}', "Invalid enum value 'gamma'"),
        ('{"slot": 1}', "Object contains unknown field `slot`"),
        ('{"preset": "gpt-4"}', "There is no preset 'gpt-4'. Did you mean 'gpt-4o'?"),
        ("[", "Input data was truncated"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path, text, problem):
    (tmp_path / "p.json").write_text(text)

    with pytest.raises(ProfileError) as caught:
        read(str(tmp_path / "p.json"))
    assert problem in str(caught.value)


def test_a_preset_that_is_not_there_names_those_that_are():
    with pytest.raises(ProfileError, match=r"There is no preset 'nope'\. The presets are: gpt-4o, "):
        read("nope")
