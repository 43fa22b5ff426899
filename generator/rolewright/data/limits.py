"""How long policies may be, and how many: the quotas of IAM, and what AWS takes as an ARN.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

INLINE = 10_240
"""Characters of all inline policies of a role together, without white space."""
MANAGED = 6_144
"""Characters of a managed policy, without white space."""
TRUST = 2_048
"""Characters of a trust policy, as long as nobody had the quota raised."""
ATTACHED = 10
"""Managed policies that are attached to one role, as long as nobody had the quota raised."""
ARN = 2_048
"""Characters of an ARN."""
