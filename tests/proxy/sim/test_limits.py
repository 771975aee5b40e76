"""Where a text ends."""

from proxy.sim.limits import limited
from proxy.sim.tokens import count

TEXT = "please tell me what you would like"  # of which " would" is one token, and " woul" two


def test_a_stop_inside_a_word_may_make_it_more_tokens():
    assert limited([TEXT], None, ("d",)) == ("please tell me what you woul", 7, "stop")


def test_half_a_word_of_more_tokens_than_the_word_stays_within_the_limit():
    text, tokens, finish = limited([TEXT], 6, ("d",))

    assert (text, finish) == ("please tell me what you w", "length")
    assert tokens == count(text) == 6
