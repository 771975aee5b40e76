"""Takes secrets out of texts: keys and tokens by their looks. What a person would rather not tell is not known here."""

import re
from typing import Any

HIDDEN = "[redacted]"
_SECRET = re.compile(
    r"""
      (?:\b|(?<=\\[bfnrt]))                   # of JSON as text a line break ends with a letter
      (?:
        (?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9_-]{16,}        # OpenAI, Anthropic, Stripe and their like
      | (?:ghp|gho|ghu|ghs|ghr|glpat|github_pat|hf|gsk|xai|r8|tvly|npm|pypi)[-_][A-Za-z0-9_-]{16,}
      | A[KS]IA[0-9A-Z]{16}\b                                          # AWS
      | AIza[0-9A-Za-z_-]{35}                                          # Google
      | xox[abeprs]-[A-Za-z0-9-]{10,}                                  # Slack
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*        # a JSON Web Token
      )
    | (?<=Bearer\ )[A-Za-z0-9._~+/-]{8,}=* | (?<=bearer\ )[A-Za-z0-9._~+/-]{8,}=*
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_ASSIGNED = re.compile(  # what has a digit, because "the secret: everything" gives nothing away; no number of JSON
    r"""(?i)\b((?:api[-_ ]?key|access[-_ ]?token|secret|password|passwd)"""
    r"""(?:\\?["']\s*[:=]\s*\\?["']|\s*[:=]\s*\\?["']?))"""
    r"""(?!\[redacted\])(?=[^\s"',;}\\]*\d)[^\s"',;}\\]{6,}"""
)
_DIGIT = re.compile(r"\d")
_LONG, _MIDDLING = 20, 10  # characters: `anything` is what many give as a key, and no secret
_NAMES = re.compile(r"(?i)authorization|api[-_]?key|passw(?:or)?d|secret|cookie|(?:^|[-_])(?:auth|access)?[-_]?token$")


def redacted(text: str, known: tuple[str, ...] = ()) -> str:
    """The text without what looks like a secret, and without those that are known to be one."""
    for secret in known:
        text = text.replace(secret, HIDDEN)
    return _ASSIGNED.sub(rf"\g<1>{HIDDEN}", _SECRET.sub(HIDDEN, text))


def names_a_secret(name: str) -> bool:
    """Whether a text under this key is one: `authorization`, `api_key`."""
    return _NAMES.search(name) is not None


def cleaned(value: Any, name: str | None = None) -> Any:
    """JSON without what looks like a secret; with a name, a request's, also without what is named as one."""
    if isinstance(value, str):
        return HIDDEN if value and name is not None and names_a_secret(name) else redacted(value)
    if isinstance(value, dict):
        return {key: cleaned(each, None if name is None else key) for key, each in value.items()}
    return [cleaned(each, name) for each in value] if isinstance(value, list) else value


def secrets_of(headers: Any) -> tuple[str, ...]:
    """What a request's own headers give away: keys, without the words before them; not what is just a word."""
    given = [value for name, value in headers.items() if names_a_secret(name)]
    words = [(value.partition(" ")[2] or value).strip() for value in given]
    return tuple([word for word in words if len(word) >= _LONG or (len(word) >= _MIDDLING and _DIGIT.search(word))])
