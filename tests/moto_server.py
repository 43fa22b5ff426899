"""A moto server on loopback for real Terraform, with moto's known gaps repaired here and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto.awslambda.models import LambdaFunction
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

# Arguments of a function that moto takes and never gives back, so that a second plan is not empty.
FORGOTTEN = ("LoggingConfig", "DeadLetterConfig")

_queue_attributes: Any = Queue.attributes
_make_function = LambdaFunction.__init__
_function_configuration = LambdaFunction.get_configuration


def _attributes(self: Any) -> dict[str, Any]:
    found: dict[str, Any] = _queue_attributes.fget(self)
    allow = getattr(self, "redrive_allow_policy", None)
    if allow:  # moto stores it and never gives it back, so that Terraform waits for it
        found["RedriveAllowPolicy"] = allow
    if found.get("RedrivePolicy"):  # moto adds white space, which Terraform takes for a change
        found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
    return found


def _make(self: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
    _make_function(self, account_id, spec, *rest, **named)
    self.forgotten = {name: spec[name] for name in FORGOTTEN if name in spec}


def _configuration(self: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
    return {**_function_configuration(self, *arguments, **named), **self.forgotten}


def _serve() -> None:
    """Serve until standard input ends; the address is the first line of the output."""
    patch.object(Queue, "attributes", property(_attributes)).start()
    patch.object(LambdaFunction, "__init__", _make).start()
    patch.object(LambdaFunction, "get_configuration", _configuration).start()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of a server in a process of its own, which the sandbox in this one cannot disturb."""
    command = [sys.executable, __file__]
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=own
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


if __name__ == "__main__":
    _serve()
