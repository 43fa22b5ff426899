"""The shapes of AWS's access keys: their ids, their secrets, and the environment variables that hand them over.

An id is a prefix that tells its kind, and 16 characters (IAM User Guide, "IAM identifiers", unique ID prefixes).
A secret has 40 characters of base64, and nothing in it says what it is.
"""

from __future__ import annotations

import math
from collections import Counter

LONG_LIVED = "AKIA"
"""The prefix of a user's key, which works until somebody takes it away."""
TEMPORARY = "ASIA"
"""The prefix of a session's key, which ends by itself."""
PREFIXES = (LONG_LIVED, TEMPORARY)

ID = rf"({'|'.join(PREFIXES)})[A-Z0-9]{{16}}"
"""An id as a regular expression of Python and of POSIX, by which git searches; its group is the prefix."""
ID_ALONE = rf"(?<![A-Za-z0-9]){ID}(?![A-Za-z0-9])"
"""An id that is not a part of a longer word."""
SECRET_CHARACTER = "[A-Za-z0-9+/]"  # noqa: S105 - a pattern
SECRET_LENGTH = 40
SECRET_END = "(?![A-Za-z0-9+/=])"  # noqa: S105 - a pattern
"""What ends a secret: nothing that could be a part of it, or of a longer value in base64."""

SECRET_BITS = 4.1
"""Bits for each character: random secrets have at least 4.18, hex digests at most 3.97 (20,000 samples of each)."""

VARIABLES = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})
"""The variables that SDKs take a key from before they look for a role; the last is the older name of the token."""


def bits(text: str) -> float:
    """Return Shannon's entropy of a text in bits for each character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def is_mixed(text: str) -> bool:
    """Return whether a text has small letters, capitals and digits, as nearly every secret has."""
    return any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text)
