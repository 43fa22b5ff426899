"""Hosts of other services in the values of a compose service: no task finds one by the name that compose gives it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.compose_merge import pairs
from rolewright.importer.shapes import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.expression import TextPart
    from rolewright.importer.formats.compose_merge import ComposeService

_OPEN = "\0"
"""The sign for an open part of a text while hosts are looked for."""
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,253}")
_PORT = re.compile(rf":(?:\d{{2,5}}|{_OPEN})(?=[/,;\s'\"]|$)")
_SPACED_PORT = re.compile(r" \d{2,5}(?=[;\s'\"]|$)")
"""A port as commands have it behind a host: `nc -z db 5432`."""
_NAMED = re.compile(
    r"(?:(?:host|hostname|servers?|addr|address|data source|brokers?|endpoint)[= ] ?(?:tcp:)?|(?:^|\s)-h ?)$",
    re.IGNORECASE,
)
"""The words before a host in a connection string, and in a command."""
_BEFORE = 40
_BEGIN = ("", ",", ";", " ", "\t", "\n", "=", "'", '"')
_END = ("", ":", "/", ",", "?", ";", " ", "\t", "\n", "'", '"', "#")
_LIST_END = ("", ",", ";", " ", ":")


def names_of(services: Mapping[str, ComposeService]) -> dict[str, str]:
    """Return the names by which any container finds a service, each with the name of that service."""
    found: dict[str, str] = {}
    for name, service in services.items():
        own = [service.data.get("container_name"), service.data.get("hostname")]
        aliases = (alias for _, _, network in pairs(service.data.get("networks")) for alias in _aliases(network))
        for other in (*own, *aliases):
            if text(other):
                found.setdefault(text(other), name)
    return found | {name: name for name in services}


def _aliases(network: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return listed(mapping(network).get("aliases"))


def linked(service: ComposeService, hosts: Mapping[str, str]) -> dict[str, str]:
    """Return the hosts of a service, those with it that it alone knows by `links`."""
    links = (text(link).partition(":") for link in listed(service.data.get("links")))
    return {**hosts, **{alias: hosts[name] for name, _, alias in links if alias and name in hosts}}


def in_variable(name: str, value: Any, hosts: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a variable with the hosts of other services marked."""
    address = name.upper().endswith(tuple(format_data("compose").facts["addresses"]))
    return _marked(value, hosts, address=address)


def in_command(value: Any, hosts: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML
    """Return a command, a text or a list of words, with the hosts of other services marked."""
    if not isinstance(value, list):
        return _marked(value, hosts, around=("", ""))
    words = ["", *(word if isinstance(word, str) else "" for word in value), ""]
    return [
        _marked(word, hosts, around=(f"{words[number]} ", f" {words[number + 2]}")) for number, word in enumerate(value)
    ]


def _marked(
    value: Any,  # noqa: ANN401 - YAML
    hosts: Mapping[str, str],
    *,
    address: bool = False,
    around: tuple[str, str] | None = None,
) -> Any:  # noqa: ANN401 - YAML
    """Mark the hosts in a text. An `address` may be a host alone, and a word of a command has others `around` it."""
    if not isinstance(value, str | SourceText):
        return value
    given: tuple[TextPart, ...] = value.parts if isinstance(value, SourceText) else (value,)
    joined = "".join(part if isinstance(part, str) else _OPEN for part in given)
    open_parts = [part for part in given if not isinstance(part, str)]
    if joined.count(_OPEN) != len(open_parts):
        return value
    pieces: list[str | UnknownPart] = []
    position = 0
    for begin, end, host in _found(joined, hosts, address, around):
        place = hosts[host]
        pieces.append(joined[position:begin])
        pieces.append(place if place == "127.0.0.1" else UnknownPart(f"host in the place of {host}: {place}"))
        position = end
    if not pieces:
        return value
    following = iter(open_parts)
    parts: list[TextPart] = []
    for piece in (*pieces, joined[position:]):
        if isinstance(piece, str):
            first, *others = piece.split(_OPEN)
            parts.append(first)
            for other in others:
                parts += [next(following), other]
        else:
            parts.append(piece)
    marked = SourceText.of(*parts)
    return marked if marked.literal is None else marked.literal


def _found(
    joined: str,
    hosts: Mapping[str, str],
    address: bool,  # noqa: FBT001 - as it is given
    around: tuple[str, str] | None,
) -> Iterator[tuple[int, int, str]]:
    """Yield where hosts stand in a text: in URLs, with a port, behind `Server=` and the like, and in lists of hosts."""
    before, behind = around or ("", "")
    for word in _WORD.finditer(joined):
        if word[0] not in hosts or joined.startswith("://", word.end()):
            continue
        said = (before + joined[max(0, word.start() - _BEFORE) : word.start()])[-_BEFORE:]
        last, after = said[-1:], joined[word.end() : word.end() + 1]
        in_url = said.endswith(("//", "@")) and after in _END
        ported = _PORT.match(joined, word.end()) or (around and _SPACED_PORT.match(joined + behind, word.end()))
        with_port = last in _BEGIN and ported is not None
        named = after in _END and _NAMED.search(said) is not None
        alone = address and joined[word.start() - 1 : word.start()] in _LIST_END and after in _LIST_END
        if in_url or with_port or named or alone:
            yield word.start(), word.end(), word[0]
