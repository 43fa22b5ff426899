"""How Serverless writes variables: where they are in a text, and what is said in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def pieces(raw: str) -> Iterator[str]:
    """Yield the texts and the variables of a text in turn, each variable with what is nested in it."""
    start, depth, number = 0, 0, 0
    while number < len(raw):
        if raw.startswith("${", number) or (not depth and raw.startswith("#{AWS::", number)):
            if not depth:
                yield raw[start:number]
                start = number
            depth, number = depth + 1, number + 1
        elif raw[number] == "}" and depth:
            depth -= 1
            if not depth:
                yield raw[start : number + 1]
                start = number + 1
        number += 1
    yield raw[start:] if not depth else raw[start:].replace("${", "$ {")


def alternatives(inside: str) -> Iterator[str]:
    """Yield the parts of a variable between its commas, without those in quotes, brackets and nested variables."""
    start, depth, quote = 0, 0, ""
    for number, letter in enumerate(inside):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "({":
            depth += 1
        elif letter in ")}":
            depth -= 1
        elif letter == "," and not depth:
            yield inside[start:number]
            start = number + 1
    yield inside[start:]


def named_in(raw: str) -> str:
    """Return the variables of a text for people, without their fallbacks and what is around: either may be a secret."""
    variables = (piece for piece in pieces(raw) if piece.startswith("${"))
    return " and ".join(f"{next(alternatives(piece[2:-1])).strip()}".join(("${", "}")) for piece in variables)
