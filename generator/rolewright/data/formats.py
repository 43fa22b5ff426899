"""The formats that a blueprint's fields may have beside a pattern: `format: timezone` in a schema.

Each says of a text what is wrong with it, and what to write instead; None if nothing is.
"""

from __future__ import annotations

import difflib
import ipaddress
from functools import cache, partial
from typing import TYPE_CHECKING

from rolewright.data import archive
from rolewright.data.schedules import schedule_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def timezone_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a time zone: the IANA database's decide, not those of this machine."""
    names = _timezones()
    if text in names:
        return None
    near = {name.lower(): name for name in names}
    meant = difflib.get_close_matches(text.lower(), near, 1, 0.6)
    hint = f"did you mean {near[meant[0]]}?" if meant else "write a name such as Europe/Berlin, or UTC"
    return "the IANA database has no such time zone", hint


@cache
def _timezones() -> frozenset[str]:
    return frozenset(archive.read_plain("timezones.json")["names"])


def network_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with an IPv4 network: AWS and its provider take the address of the network alone."""
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return "it is no IPv4 network", "write one such as 10.0.0.0/8"
    if str(network) == text:
        return None
    if "/" not in text:
        return "it does not say how large the network is", f"write {network} for this one address"
    return f"its address is not that of the network, which begins at {network.network_address}", f"write {network}"


def bytes_fault(text: str, most: int) -> tuple[str, str] | None:
    """Return what is wrong with a text of which AWS counts the bytes: `maxLength` counts characters."""
    size = len(text.encode("utf-8", "surrogatepass"))
    return None if size <= most else (f"it has {size:,} bytes", f"shorten it to at most {most:,} bytes")


FORMATS: Mapping[str, Callable[[str], tuple[str, str] | None]] = {
    "bytes-1024": partial(bytes_fault, most=1024),
    "bytes-16384": partial(bytes_fault, most=16384),
    "ipv4-network": network_fault,
    "recurring-schedule": partial(schedule_fault, once=False),
    "schedule": schedule_fault,
    "timezone": timezone_fault,
}
