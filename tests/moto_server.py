"""A moto server on loopback for real Terraform, with moto's known gaps repaired here and nowhere else."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator


def _repaired(attributes: Any) -> Any:  # noqa: ANN401 - a property of moto's
    def repaired(self: Any) -> dict[str, Any]:  # noqa: ANN401
        found: dict[str, Any] = attributes.fget(self)
        allow = getattr(self, "redrive_allow_policy", None)
        if allow:  # moto stores it and never gives it back, so that Terraform waits for it
            found["RedriveAllowPolicy"] = allow
        if found.get("RedrivePolicy"):  # moto adds white space, which Terraform takes for a change
            found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
        return found

    return property(repaired)


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of a server with an account of its own for this process."""
    original = Queue.attributes
    Queue.attributes = _repaired(original)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        Queue.attributes = original
