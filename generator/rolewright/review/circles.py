"""Who something is open to: anybody, or the addresses of a network."""

from __future__ import annotations

from ipaddress import ip_network

from rolewright.render.readable import ANYBODY


def includes(circle: str, whom: str) -> bool:
    """Return whether one circle includes all of another; False where that cannot be told."""
    if circle == ANYBODY:
        return True
    try:
        return ip_network(whom).subnet_of(ip_network(circle))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
