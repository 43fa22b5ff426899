"""AWS's partitions: the regions of each, and the domain that names of its services end with.

Source: `partitions.json` and `endpoints.json` of botocore 1.44.8.
"""

from __future__ import annotations

_PREFIXES = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}

DNS_SUFFIX = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
"""What the host names of a partition's services end with. Names of service principals do not follow it."""


def partition_of(region: str) -> str:
    """Return the partition that a region belongs to: how its name begins decides."""
    return next((partition for prefix, partition in _PREFIXES.items() if region.startswith(prefix)), "aws")
