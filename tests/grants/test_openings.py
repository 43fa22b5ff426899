"""What a module opens beside roles and policies stands in access.lock, and `diff` compares it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = "version: 1\nworkload: hook\ncompute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip%s}\n"
API = ', api: {routes: ["POST /orders"%s]%s}'
TOKEN = ", authorization: jwt, issuer: https://%s.example.com, audience: [%s]"
SERVICE = (
    "version: 1\nworkload: shop\ncompute: {type: fargate, image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1, "
    "cpu: 256, memory: 512, port: 8080, "
    "service: {subnet_ids: [subnet-0123456789abcdef0], vpc_id: vpc-0123456789abcdef0%s}}\n"
)
INSTANCE = "version: 1\nworkload: box\ncompute: {type: ec2, ami: ami-01234567, instance_type: t3.micro%s}\n"
BUILD = 'version: 1\nworkload: checks\ncompute: {type: codebuild, buildspec: "version: 0.2"%s}\n'
OWN = (
    ", load_balancer: {create: {subnet_ids: [subnet-0123456789abcdef2, subnet-0123456789abcdef3], allow: [%s]%s, "
    "certificate: arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef}}"
)
THEIRS = (
    ", load_balancer: {listener: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/0123456789abcdef/"
    "0123456789abcdef, security_group_id: %s, priority: 10, paths: [%s]}"
)


def api(more: str = "", who: str = "") -> str:
    return FUNCTION % (API % (more, who))


def service(of: str = "") -> str:
    return SERVICE % of


CHANGES = {
    "an API": (FUNCTION % "", api(), 3),
    "an API for everybody": (api(), api(who=", authorization: none"), 3),
    "an API for everybody no more": (api(who=", authorization: none"), api(), 5),
    "a route": (api(), api(', "$default"'), 3),
    "a route less": (api(', "$default"'), api(), 5),
    "tokens": (api(), api(who=TOKEN % ("login", "orders")), 3),
    "the issuer": (api(who=TOKEN % ("login", "orders")), api(who=TOKEN % ("evil", "orders")), 3),
    "the audience": (api(who=TOKEN % ("login", "orders")), api(who=TOKEN % ("login", "orders, other")), 3),
    "a URL": (FUNCTION % "", FUNCTION % ", url: {}", 3),
    "a load balancer": (service(), service(OWN % ("10.0.0.0/8", "")), 3),
    "its networks": (service(OWN % ("10.0.0.0/8", "")), service(OWN % ("0.0.0.0/0", "")), 3),
    "fewer networks": (service(OWN % ("10.0.0.0/8", "")), service(OWN % ("10.1.0.0/16", "")), 5),
    "its addresses": (service(OWN % ("10.0.0.0/8", "")), service(OWN % ("10.0.0.0/8", ", internal: false")), 3),
    "public addresses": (service(), service(", public_ip: true"), 3),
    "the group that reaches it": (service(THEIRS % ("sg-01234567", "/a")), service(THEIRS % ("sg-89abcdef", "/a")), 3),
    "a shell": (service(), service().replace("port: 8080", "port: 8080, exec: true, read_only: false"), 3),
    "credentials": (INSTANCE % "", INSTANCE % ", metadata: {hop_limit: 2}", 3),
    "the build's host": (BUILD % "", BUILD % ", privileged: true", 3),
    "the requests": (service(THEIRS % ("sg-01234567", "/a")), service(THEIRS % ("sg-01234567", "/*")), 3),
}


@pytest.mark.parametrize("what", CHANGES)
def test_diff_tells_what_is_open_to_whom(what: str, tmp_path: Path) -> None:
    before, after, code = CHANGES[what]
    (tmp_path / "before.yaml").write_text(before, encoding="utf-8")
    (tmp_path / "after.yaml").write_text(after, encoding="utf-8")
    told = rolewright("diff", "before.yaml", "after.yaml", cwd=tmp_path)
    assert told.returncode == code, told.stdout + told.stderr
    assert "open to" in told.stdout


@pytest.mark.parametrize("what", CHANGES)
def test_modules_and_locks_tell_it_too(what: str, tmp_path: Path) -> None:
    """Of modules what differs is told without its meaning, so that it counts as more, whichever way it goes."""
    for folder, text in zip(("old", "new"), CHANGES[what][:2], strict=True):
        (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
        assert rolewright("render", "m.yaml", "--output", folder, cwd=tmp_path).returncode == 0
    told = rolewright("diff", "old", "new", cwd=tmp_path)
    assert told.returncode == 3, told.stdout + told.stderr
    locks = [next((tmp_path / folder).glob("*/access.lock")).read_text(encoding="utf-8") for folder in ("old", "new")]
    assert locks[0] != locks[1]


def test_what_opens_nothing_is_no_difference_of_modules(tmp_path: Path) -> None:
    for folder, memory in (("old", 128), ("new", 256)):
        text = FUNCTION % (f", memory: {memory}, timeout: {memory}" + API % ("", ""))
        (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
        assert rolewright("render", "m.yaml", "--output", folder, cwd=tmp_path).returncode == 0
    told = rolewright("diff", "old", "new", cwd=tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_shell_that_is_opened_by_hand_is_told(tmp_path: Path) -> None:
    for folder in ("old", "new"):
        (tmp_path / "m.yaml").write_text(service(), encoding="utf-8")
        assert rolewright("render", "m.yaml", "--output", folder, cwd=tmp_path).returncode == 0
    file = tmp_path / "new" / "shop" / "ecs.tf"
    text = re.sub(r"(enable_execute_command +=) false", r"\1 true", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    told = rolewright("diff", "old", "new", cwd=tmp_path)
    assert told.returncode == 3, told.stdout + told.stderr
