"""The images, networks, queues and certificates of others that manifests name, made to exist in moto's server."""

from __future__ import annotations

import ipaddress
import json
import zlib
from typing import TYPE_CHECKING, Any

import moto.elbv2.models
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.responses.instances import InstanceResponse
from moto.efs.models import EFSBackend
from moto.s3.models import S3Backend, get_canned_acl
from moto.sqs.models import Queue, sqs_backends
from moto.ssm.models import Parameter, ParameterDict

from rolewright.terraform.repair import repair

if TYPE_CHECKING:
    from rolewright.terraform.repair import Replacement


@repair(EC2Backend, "describe_images")
def images_exist(
    original: Replacement,
    backend: Any,
    ami_ids: list[str] | None = None,
    filters: dict[str, Any] | None = None,
    **named: Any,
) -> Any:
    """Make the images that are asked for: moto knows only those of its own parameters, and none has a root device.

    The provider looks for the root device's name before it starts an instance with settings for that device.
    """
    for ami_id in [*(ami_ids or ()), *(filters or {}).get("image-id", ())]:
        if ami_id not in backend.amis:
            backend.amis[ami_id] = Ami(
                backend, ami_id, root_device_type="ebs", region_name=f"{backend.region_name}a", architecture="x86_64"
            )
    return original(backend, ami_ids=ami_ids, filters=filters, **named)


@repair(InstanceResponse, "_validate_block_device_mapping")
def root_volumes_have_the_size_of_their_image(original: Replacement, mapping: dict[str, Any]) -> None:
    """Give a volume a size: moto refuses settings of one without; AWS takes the size from the image."""
    if "Ebs" in mapping:
        mapping["Ebs"].setdefault("VolumeSize", 8)
    original(mapping)


@repair(EC2Backend, "create_volume")
def volumes_have_the_size_of_their_image(original: Replacement, backend: Any, size: Any, **named: Any) -> Any:
    """Give the volume of a group's instance a size, likewise."""
    return original(backend, size or 8, **named)


@repair(ParameterDict, "_check_loading_status")
def public_parameters_exist(original: Replacement, parameters: Any, key: str) -> None:
    """Add Canonical's public parameters, which hold the ids of Ubuntu images: moto has only Amazon's."""
    original(parameters, key)
    if str(key).startswith("/aws/service/canonical/") and not dict.__contains__(parameters, key):
        image = f"ami-{zlib.crc32(key.encode()):017x}"
        make: Any = Parameter  # moto leaves methods of its base class open that only CloudFormation needs
        parameter = make(parameters.account_id, key, image, "String", None, None, None, utcnow(), 1, "text")
        dict.__setitem__(parameters, key, [parameter])


@repair(EC2Backend, "get_subnet")
def subnets_exist(original: Replacement, backend: Any, subnet_id: str) -> Any:
    """Make a subnet that a manifest names, in the default VPC, beside moto's own."""
    if not any(subnet_id in zone for zone in backend.subnets.values()):
        _make_subnet(backend, subnet_id)
    return original(backend, subnet_id)


def _make_subnet(backend: Any, subnet_id: str) -> None:
    taken = [subnet.cidr for subnet in backend.describe_subnets()]
    network = ipaddress.ip_network(backend.get_default_vpc().cidr_block)
    free = next(subnet for subnet in network.subnets(new_prefix=24) if not any(map(subnet.overlaps, taken)))
    zone_name = f"{backend.region_name}{'abc'[len(taken) % 3]}"  # a file system has one mount target a zone
    new_subnet = backend.create_subnet(backend.get_default_vpc().id, str(free), availability_zone=zone_name)
    zone = backend.subnets[new_subnet.availability_zone]
    del zone[new_subnet.id]
    new_subnet.id = subnet_id
    zone[subnet_id] = new_subnet


@repair(EC2Backend, "describe_subnets")
def subnets_are_found(original: Replacement, backend: Any, subnet_ids: Any = None, filters: Any = None) -> Any:
    """Make a subnet that is looked up by its id."""
    for subnet_id in subnet_ids or ():
        backend.get_subnet(subnet_id)
    return original(backend, subnet_ids=subnet_ids, filters=filters)


@repair(EC2Backend, "get_vpc")
def vpcs_exist(original: Replacement, backend: Any, vpc_id: str) -> Any:
    """Make a VPC that a manifest names; it has the addresses of the default one, which does not matter here."""
    if vpc_id not in backend.vpcs and vpc_id.startswith("vpc-"):
        made = backend.create_vpc(backend.get_default_vpc().cidr_block)
        del backend.vpcs[made.id]
        made.id = vpc_id
        backend.vpcs[vpc_id] = made
    return original(backend, vpc_id)


@repair(EC2Backend, "create_security_group")
def vpcs_of_security_groups_exist(
    original: Replacement, backend: Any, name: str, description: str, vpc_id: Any = None, **named: Any
) -> Any:
    """Make the VPC of a security group: without it moto gives the group no rule for what it lets out, as AWS does."""
    if vpc_id:
        backend.get_vpc(vpc_id)
    return original(backend, name, description, vpc_id, **named)


@repair(EC2Backend, "get_security_group_from_id")
def security_groups_exist(original: Replacement, backend: Any, group_id: str) -> Any:
    """Make a security group that a manifest names, in the default VPC."""
    vpc = backend.get_default_vpc().id
    if original(backend, group_id) is None and group_id.startswith("sg-"):
        make: Any = SecurityGroup
        backend.groups[vpc][group_id] = make(backend, group_id, group_id, "named by a manifest", vpc_id=vpc)
    return original(backend, group_id)


@repair(EC2Backend, "describe_security_groups")
def security_groups_are_found(
    original: Replacement, backend: Any, group_ids: Any = None, *rest: Any, **named: Any
) -> Any:
    """Make security groups that are looked up by their ids."""
    for group_id in group_ids or ():
        backend.get_security_group_from_id(group_id)
    return original(backend, group_ids, *rest, **named)


@repair(moto.elbv2.models, "register_certificate")
def certificates_are_there(_: Replacement, **__: Any) -> None:
    """Accept certificates that a manifest names: moto looks for them in its own ACM."""


@repair(EFSBackend, "create_mount_target")
def security_groups_of_mount_targets_exist(original: Replacement, backend: Any, *rest: Any, **named: Any) -> Any:
    """Make the security groups of a mount target: EFS looks for them among all that there are."""
    for group_id in named.get("security_groups") or ():
        backend.ec2_backend.get_security_group_from_id(group_id)
    return original(backend, *rest, **named)


@repair(Queue, "_setup_dlq")
def dead_letter_queues_exist(original: Replacement, queue: Any, policy: Any) -> None:
    """Make the dead-letter queue that a queue's policy names."""
    target = json.loads(policy).get("deadLetterTargetArn", "") if isinstance(policy, str) and policy else ""
    name = target.rpartition(":")[2]
    backend = sqs_backends[queue.account_id][queue.region]
    if name and name not in backend.queues:
        backend.create_queue(name, None, **({"FifoQueue": "true"} if name.endswith(".fifo") else {}))
    original(queue, policy)


@repair(S3Backend, "put_bucket_logging")
def buckets_for_logs_exist(original: Replacement, backend: Any, bucket: str, logging: dict[str, Any]) -> Any:
    """Make the bucket that access logs go to, as one that takes them."""
    name = logging.get("TargetBucket", "")
    if name and name not in backend.buckets:
        backend.create_bucket(name, backend.get_bucket(bucket).region_name)
        backend.put_bucket_acl(name, get_canned_acl("log-delivery-write"))
    return original(backend, bucket, logging)
