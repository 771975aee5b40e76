"""Plans are read from presets and files, and say what is wrong with them."""

import pytest

from proxy.limits.plan import Limit, Plan, PlanError, presets, read


def test_every_preset_has_a_limit_for_every_model():
    assert list(presets()) == ["free", "tier-1", "tier-2", "tier-3", "tier-4", "tier-5"]
    for name in presets():
        assert read(name).all_limits()[-1].model == "*"


def test_own_limits_come_before_the_presets():
    own = Limit(model="gpt-4o*", requests_per_minute=1)

    assert Plan(preset="tier-1", limits=(own,)).all_limits()[0] == own


def test_the_first_price_that_fits_is_taken():
    assert Plan().price("gpt-4o-mini-2024-07-18").input == 0.15
    assert Plan().price("gpt-4o-2024-08-06").input == 2.5
    assert Plan().price("anything").output == 0.6


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limits.toml", 'preset = "tier-1"\n[[limits]]\nmodel = "tiny"\nrequests_per_minute = 2\n'),
        ("limits.json", '{"preset": "tier-1", "limits": [{"model": "tiny", "requests_per_minute": 2}]}'),
    ],
)
def test_a_file_is_a_plan(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    assert read(str(tmp_path / name)) == Plan(preset="tier-1", limits=(Limit(model="tiny", requests_per_minute=2),))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", "{", "Input data was truncated"),
        ("a.toml", "x = ", "Invalid value"),
        ("a.json", '{"limit": []}', "Object contains unknown field `limit`"),
        (
            "a.json",
            '{"limits": [{"requests_per_minute": 0}]}',
            "`int` >= 1 - at `$.limits[0].requests_per_minute`",
        ),
        (
            "a.json",
            '{"limits": [{"model": "m"}]}',
            "'limits[0]' limits nothing: give at least one of",
        ),
        ("a.json", '{"limits": [{"concurrent": 1, "per": ["user"]}]}', "Invalid enum value 'user'"),
        ("a.json", '{"preset": "tier1"}', "There is no preset 'tier1'. Did you mean 'tier-1'? The presets are: free, "),
    ],
)
def test_a_file_that_is_wrong_is_told_with_the_place(tmp_path, name, text, problem):
    (tmp_path / name).write_text(text)

    with pytest.raises(PlanError) as caught:
        read(str(tmp_path / name))
    assert str(caught.value).startswith(str(tmp_path / name))
    assert problem in str(caught.value)


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(PlanError, match=r"none\.toml cannot be read: No such file or directory"):
        read("none.toml")
