"""Workload → what it declares, and the roles that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles

if TYPE_CHECKING:
    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Declaration, Role, Workload


def granted(workload: Workload, catalog: Catalog) -> tuple[Declaration, tuple[Role, ...]]:
    """Derive what a workload declares, and build its roles. Raises Rejected where it declares what cannot be."""
    declaration = derive_grants(workload, catalog)
    return declaration, build_roles(workload, declaration, catalog)
