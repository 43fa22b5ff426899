"""What to do about YAML that cannot be parsed."""

from __future__ import annotations


def syntax_remedy(line: str, column: int, problem: str) -> str:
    """Return what to do about a fault of syntax at a column of a line, from what the parser says of it."""
    before = line[:column]
    if "\t" in before and not before.strip():
        return "indent with spaces; YAML allows no tab there"
    if "mapping values" in problem:
        return "put the value in quotes if it contains `: `; otherwise check the indentation"
    if line[column - 1 : column] in ("@", "`", "%", "*", "&", "!"):
        return "put the value in quotes: without them it may not begin with this character"
    return "check the indentation, the quotes and the brackets here and on the line above"
