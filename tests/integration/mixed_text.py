"""Text of every kind that splits in its own way, numbers of all scripts above all, and random conversations of it."""

# ruff: noqa: RUF001 - characters that look like others are the point

import unicodedata
from functools import cache
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
LETTERS = "abcdefghijklmnopqrstuvwxyzéüßñçøжщяюאבגدسعहिनेกขあいうカキ日本語漢字한국어"
ZEROS = "0٠۰߀०০੦૦୦௦౦೦൦๐໐༠၀០᠐０𝟎𝟘𝟢𝟬𑁦𐒠"
OTHER_NUMBERS = "½⅓²³₂①②⑳⓪ⅠⅧⅿ〇〡㉑㊿፩፲𐄇𐡘"
SPACES = [" "] * 6 + ["  ", "    ", "\n", "\n\n", "\r\n", "\t", " \n", "\n  ", "\u00a0", "\u3000", "\u2028", ""]
MARKS = ".,;:!?'\"-–—()[]{}<>|/\\@#$%^&*+=~`_€₹…。、"
CONTRACTIONS = ["'s", "'S", "'t", "'RE", "'ve", "'LL", "'d", "'M", "’s", "'x", "'l", "'r", "''s"]
EMOJI = ["🌋", "👩‍💻", "🇯🇵", "❤️", "1️⃣", "👍🏽", "0️⃣9️⃣", "🧑‍🤝‍🧑", "☃", "🈂️"]
MARKERS = ["<|bos|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>", "<|", "|>", "<|x|>", "<|bos", "bos|>"]


@cache
def old_characters() -> list[str]:
    """Characters that Unicode 3.2 had and that are what they were: all tables agree on them. Not the long s."""
    then, now = unicodedata.ucd_3_2_0.category, unicodedata.category
    every = map(chr, range(0x110000))
    return [each for each in every if then(each) == now(each) not in ("Cs", "Cn") and each not in "\x01\u017f"]


class MixedText:
    """A source of text."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        sources = sorted([*ROOT.glob("proxy/**/*.py"), *ROOT.glob("docs/*.md"), ROOT / "ARCHITECTURE.md"])
        self._code = "\n".join(path.read_text("utf-8") for path in sources)
        self._kinds = [
            (6, self.word), (5, self.number), (6, lambda: self.random.choice(SPACES)), (3, self.marks),
            (1, lambda: self.random.choice(CONTRACTIONS)), (1, lambda: self.random.choice(EMOJI)),
            (1, lambda: self.random.choice(MARKERS)), (1, lambda: "".join(self.random.choices(old_characters(), k=3))),
            (0.1, self.code), (0.5, lambda: f"{self.word()} {self.random.randint(1500, 2100)}, "),
        ]  # fmt: skip

    def word(self):
        return "".join(self.random.choices(LETTERS, k=self.random.randint(1, 9)))

    def number(self):
        length = self.random.randint(1, 11)
        kind = self.random.random()
        if kind < 0.5:
            return "".join(self.random.choices("0123456789", k=length))
        if kind < 0.8:
            zero = ord(self.random.choice(ZEROS))
            return "".join(chr(zero + self.random.randint(0, 9)) for _ in range(length))
        return "".join(self.random.choices(OTHER_NUMBERS + ZEROS + "12", k=length))

    def marks(self):
        return "".join(self.random.choices(MARKS, k=self.random.randint(1, 4)))

    def code(self):
        start = self.random.randrange(len(self._code))
        return self._code[start : start + self.random.randint(10, 300)]

    def text(self, length: int) -> str:
        """About `length` characters."""
        weights = [weight for weight, _ in self._kinds]
        parts, size = [], 0
        while size < length:
            ((_, make),) = self.random.choices(self._kinds, weights)
            parts.append(make())
            size += len(parts[-1])
        return "".join(parts)

    def conversation(self) -> list[dict[str, str]]:
        """Of one to six turns, sometimes with a system message, sometimes ending with the assistant's."""
        messages = []
        if self.random.random() < 0.4:
            messages.append({"role": "system", "content": self.text(self.random.randint(0, 80))})
        for turn in range(self.random.randint(1, 6)):
            length = self.random.choice([0, 5, 40, 200])
            # llama-server is not asked to go on after nothing; that is tests/proxy's.
            messages.append({"role": ("user", "assistant")[turn % 2], "content": self.text(length) or "?"})
        return messages
