"""Names of a source in the forms that a manifest takes."""

from __future__ import annotations

import re


def workload_name(text: str) -> str:
    """Return a workload's name: small letters, digits and dashes, a letter first, 3 to 32 of them."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", text)
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    plain = re.sub(r"^[^a-z]+", "", plain)[:32].rstrip("-")
    return plain if len(plain) >= 3 else f"service-{plain}".rstrip("-")


def resource_key(text: str) -> str:
    """Return a resource's key: small letters, digits and dashes, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "-", re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", text).lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", plain)[:40].rstrip("-") or "resource"
