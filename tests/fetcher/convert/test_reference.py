"""The yardstick itself: the NumPy forward pass, held to what the original code answered."""

import numpy as np
import pytest

from tests.fetcher.convert.reference import is_greedy, logits
from tests.fetcher.convert.weights import read_weights

ITEMS = range(10)


@pytest.mark.parametrize("number", ITEMS)
def test_the_reference_gives_the_logits_and_the_text_of_the_original(tiny, golden, number):
    config, weights = read_weights(tiny)
    item = golden["items"][number]
    best = item["top10_ids"]
    for softcap, key in ((False, "top10_raw_logits"), (True, "top10_softcapped")):
        found = logits(weights, config, item["prompt_ids"], softcap=softcap)[-1]
        assert np.abs(found[best] - item[key]).max() < 1e-5
        assert list(np.argsort(-found)[:10]) == best
    assert is_greedy(weights, config, item["prompt_ids"], item["greedy_ids"])


def test_every_golden_item_is_compared(golden):
    assert len(golden["items"]) == len(ITEMS)
