"""Access keys in bytes: ids, the secrets beside them, secrets on lines that name one, and both in base64."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.data.access_keys import (
    ID,
    PREFIXES,
    SECRET_BITS,
    SECRET_CHARACTER,
    SECRET_END,
    SECRET_LENGTH,
    TEMPORARY,
    bits,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# The look-behinds leave out `=`, which stands before the key in every .env file; `\n` stands in JSON.
_PREFIXES = tuple(prefix.encode() for prefix in PREFIXES)
_ID = re.compile(f"{ID}(?![A-Za-z0-9])".encode())
_BEFORE = re.compile(rb"(?:^|[^A-Za-z0-9]|\\[nrt])$")
_SECRET = re.compile(  # JSON may escape a slash in it
    rf"(?:(?<![A-Za-z0-9+/\\])|(?<=\\[nrt]))((?:{SECRET_CHARACTER}|\\/){{{SECRET_LENGTH}}}){SECRET_END}".encode()
)
_WORDS = (re.compile(rb"ecret"), re.compile(rb"ECRET"))
_NAMED = re.compile(rb"(?i)aws[^\n]{0,30}secret|secret[_.-]?access[_.-]?key")
_NAME = 60
"""Bytes on either side of the word `secret` that are looked at."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{20,}={0,2}")
_BODY = re.compile(r"[A-Z2-7]{16}")
ENCODED = tuple(  # how the start of an id reads in base64 at each of its three alignments
    base64.b64encode(b"\0" * shift + prefix)[start:end]
    for prefix in _PREFIXES
    for shift, start, end in ((0, 0, 5), (1, 2, 6), (2, 3, 8))
)
"""What a text with an id in base64 has in it."""
_WIDE = tuple(  # with how many zero bytes after each letter UTF-16 and UTF-32 have it
    (zeros, mark, re.compile(mark + rb"(?:\0{%d}[A-Z0-9]){16}" % zeros))
    for zeros in (1, 3)
    for mark in ((b"\0" * zeros).join(bytes((letter,)) for letter in prefix) for prefix in _PREFIXES)
)
_EXAMPLE = "documented"
_NEAR = 600
"""Bytes on either side of an id in which its secret is looked for: Terraform's state has some attributes between."""
_ID_BITS = 2.5
"""Bits for each character that an id has at the least."""


@dataclass(frozen=True)
class FoundKey:
    """A key at a place in bytes. `id` is "" for a secret without one, `secret` a digest of it, or "".

    `secret_at` is where the secret stands, or -1.
    """

    start: int
    end: int
    id: str
    secret: str
    secret_at: int = -1
    encoded: bool = False

    @property
    def is_example(self) -> bool:
        """Return whether it is one of those in AWS's documentation."""
        return self.id.endswith("EXAMPLE") or self.secret == _EXAMPLE

    @property
    def is_temporary(self) -> bool:
        """Return whether it ends by itself: a session's key."""
        return self.id.startswith(TEMPORARY)

    @property
    def account(self) -> str:
        """Return the account that it belongs to, or "" where that cannot be known."""
        return account_of(self.id)


def account_of(key_id: str) -> str:
    """Return the account that an id encodes in the first 40 bits after its prefix, offline; "" where it encodes none.

    Ids from before about 2019 begin with I or J after the prefix and hold no account.
    """
    body = key_id[4:]
    if not _BODY.fullmatch(body) or body[0] in "IJ":
        return ""
    number = int.from_bytes(base64.b32decode(body)[:6], "big")
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012}"


def find_keys(data: bytes) -> list[FoundKey]:
    """Return every key in some bytes, in their order. A secret is found beside an id, or on a line that names it."""
    found = list(_ids(data)) if any(prefix in data for prefix in _PREFIXES) else []
    if b"ecret" in data or b"ECRET" in data:
        taken = {key.secret for key in found}
        found += [key for key in _named(data) if key.secret not in taken]
    if any(mark in data for mark in ENCODED):
        found += _encoded(data)
    if any(mark in data for _, mark, _ in _WIDE):
        found += _wide(data)
    return sorted(found, key=lambda key: key.start)


def _ids(data: bytes) -> Iterator[FoundKey]:
    for match in _ID.finditer(data):
        text = match[0].decode()
        if not _BEFORE.search(data[max(0, match.start() - 2) : match.start()]):
            continue
        if text.endswith("EXAMPLE") or (_BODY.fullmatch(text[4:]) and len(set(text)) > 5 and bits(text) >= _ID_BITS):
            yield FoundKey(match.start(), match.end(), text, *_beside(data, match.start(), match.end()))


def _beside(data: bytes, start: int, end: int) -> tuple[str, int]:
    """Return a digest of the secret nearest to an id, after it rather than before it, and where it stands."""
    after = [(_digest(match[1]), match.start()) for match in _SECRET.finditer(data, end, end + _NEAR)]
    before = [(_digest(match[1]), match.start()) for match in _SECRET.finditer(data, max(0, start - _NEAR), start)]
    return next((secret for secret in (*after, *reversed(before)) if secret[0]), ("", -1))


def _named(data: bytes) -> Iterator[FoundKey]:
    found: dict[int, FoundKey] = {}
    # A literal first: the whole pattern takes ten times as long.
    for word in itertools.chain.from_iterable(pattern.finditer(data) for pattern in _WORDS):
        begin, end = data.rfind(b"\n", 0, word.start()) + 1, data.find(b"\n", word.end())
        start = max(begin, word.start() - _NAME)
        line = data[start : min(word.end() + _NAME, len(data) if end < 0 else end) + 44].partition(b"\n")[0]
        named = _NAMED.search(line)
        for match in _SECRET.finditer(line, named.end()) if named else ():
            digest = _digest(match[1])
            if digest:
                at = start + match.start(1)
                found[at] = FoundKey(at, start + match.end(1), "", digest, at)
    yield from found.values()


def _encoded(data: bytes) -> Iterator[FoundKey]:
    """Yield keys in values that are base64, as in a Secret of Kubernetes."""
    tokens = [(match.start(), match.end(), _decoded(match[0])) for match in _BASE64.finditer(data)]
    alone = [(_digest(fits[1]), at) for at, _, text in tokens for fits in [_SECRET.fullmatch(text.strip())] if fits]
    secrets = [secret for secret in alone if secret[0]]
    for start, end, text in tokens:
        for key in _ids(text):
            secret = (key.secret, start) if key.secret else next(iter(secrets), ("", -1))
            yield FoundKey(start, end, key.id, *secret, encoded=True)


def _wide(data: bytes) -> Iterator[FoundKey]:
    """Yield keys in texts of UTF-16 or UTF-32, as in programs, and in files without a byte order mark."""
    for zeros, _, pattern in _WIDE:
        step = zeros + 1
        for match in pattern.finditer(data):
            before = min(match.start() // step, _NEAR)
            narrow = data[match.start() - before * step : match.end() + _NEAR * step : step]
            for key in _ids(narrow):
                if key.start == before:
                    yield FoundKey(match.start(), match.end(), key.id, key.secret)


def _decoded(token: bytes) -> bytes:
    try:
        return base64.b64decode(token + b"=" * (-len(token) % 4), validate=True)
    except binascii.Error:
        return b""


def _digest(text: bytes) -> str:
    """Return the beginning of a secret's SHA-256, which tells two apart and does not give it away; "" for no secret."""
    plain = text.replace(b"\\", b"")
    if plain.endswith(b"EXAMPLEKEY"):
        return _EXAMPLE
    if len(plain) != SECRET_LENGTH or bits(plain.decode()) < SECRET_BITS:
        return ""
    return hashlib.sha256(plain).hexdigest()[:8]
