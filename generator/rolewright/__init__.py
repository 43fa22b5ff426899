"""rolewright: from a short manifest to a proven Terraform module.

The names below are the ones to use from Python; docs/python.md describes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolewright.api import (
        Built,
        Finding,
        Location,
        MisuseError,
        Pipeline,
        Proof,
        Rejected,
        Severity,
        WorkloadDifference,
        WriteResult,
        build,
        diff,
        validate,
        write_module,
    )

__all__ = [
    "Built",
    "Finding",
    "Location",
    "MisuseError",
    "Pipeline",
    "Proof",
    "Rejected",
    "Severity",
    "WorkloadDifference",
    "WriteResult",
    "build",
    "diff",
    "validate",
    "write_module",
]

if not TYPE_CHECKING:  # for a type checker only the names above are there

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, so that the command line does not wait for it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from rolewright import api  # noqa: PLC0415 - slow to import

        return getattr(api, name)

    def __dir__() -> list[str]:
        return __all__
