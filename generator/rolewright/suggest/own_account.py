"""The account, region and partition in which a manifest is applied that a policy is compared with, as far as known."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.data.partitions import DNS_SUFFIX, partition_of
from rolewright.prove.match import matches, segments
from rolewright.render.readable import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.prove.table import Declared

_FORMS = {
    "partition": re.compile(r"aws[a-z-]*"),
    "region": re.compile(r"[a-z]{2,4}(-[a-z]{1,20}){1,3}-\d"),
    "account": re.compile(r"\d{12}"),
    "dns_suffix": re.compile("|".join(map(re.escape, DNS_SUFFIX.values()))),
}
_REGIONS = {"": "us-east-1", "aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True)
class Own:
    """The place in which the manifest is applied; "" for what is not known."""

    partition: str = ""
    region: str = ""
    account: str = ""

    @property
    def values(self) -> Mapping[str, str]:
        """Return the values of the context's references; what is not known has a name in place of a value."""
        known = {
            "local.partition": self.partition,
            "local.region": self.region,
            "local.account": self.account,
            "local.dns_suffix": DNS_SUFFIX.get(self.partition),
        }
        return {name: value or SYMBOLS[name] for name, value in known.items()}

    @property
    def environment(self) -> tuple[str, str]:
        """Return an account and a region for a manifest that is read only to see what it declares."""
        return self.account or "123456789012", self.region or _REGIONS.get(self.partition, "us-east-1")

    def takes(self, name: str, value: str) -> bool:
        """Return whether a part of an ARN, or a pattern of one, is the own one or includes it.

        The name that stands for what is not known (`SYMBOLS`) is always the own one.
        """
        known = {
            "partition": self.partition,
            "region": self.region,
            "account": self.account,
            "dns_suffix": DNS_SUFFIX.get(self.partition, ""),
        }[name]
        follows_partition = name in {"partition", "dns_suffix"} and not self.partition
        named = value in ("*", SYMBOLS[f"local.{name}"])
        return named or follows_partition or bool(known and matches(value, known))


def is_concrete(name: str, value: str) -> bool:
    """Return whether a text is a partition, a region or an account, and no pattern of one."""
    return _FORMS[name].fullmatch(value) is not None


def named_most(declared: Iterable[Declared], account: str = "") -> Own:
    """Return the account that ARNs of policies name most, unless one is given; the region and the partition likewise.

    Of those named equally often the first is taken. A region counts where the ARN is of that account, or of none.
    Where no resource is an ARN, as those of actions on * alone, what conditions name counts.
    """
    statements = tuple(declared)
    arns = _arns(resource for statement in statements for resource in statement.resources) or _arns(
        value for statement in statements for _, _, values in statement.conditions for value in values
    )
    account = account or _most("account", (parts[4] for parts in arns))
    region = _most("region", (parts[3] for parts in arns if not account or parts[4] in ("", "*", account)))
    partition = partition_of(region) if region else _most("partition", (parts[1] for parts in arns))
    return Own(partition, region, account)


def _arns(texts: Iterable[str]) -> list[Sequence[str]]:
    return [parts for parts in map(segments, texts) if len(parts) == 6]


def _most(name: str, values: Iterable[str]) -> str:
    counted = Counter(value for value in values if is_concrete(name, value))
    return max(counted, key=lambda value: counted[value], default="")
