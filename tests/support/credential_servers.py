"""What stands on AWS at the fixed addresses that an SDK asks for credentials: here on loopback."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Answer = tuple[int, str]


class Server:
    """A server that notes what it was asked: method, path and status."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.asked: list[tuple[str, str, int]] = []


@contextmanager
def serving(answer: Callable[[str, str, Mapping[str, str]], Answer]) -> Iterator[Server]:
    """Serve what a function of method, path and headers answers."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            status, text = answer(
                self.command, self.path, {name.lower(): value for name, value in self.headers.items()}
            )
            server.asked.append((self.command, self.path, status))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = handle_one  # noqa: N815 - the names that the base class calls

        def log_message(self, *arguments: object) -> None:
            """Nothing goes to stderr."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(listening.server_port)
    thread = Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def instance_metadata(role: str, credentials: Mapping[str, str]) -> Callable[[str, str, Mapping[str, str]], Answer]:
    """IMDS as it is with `http_tokens = "required"`: whoever shows no token gets 401."""
    below = "/latest/meta-data/iam/security-credentials/"

    def answer(method: str, path: str, headers: Mapping[str, str]) -> Answer:
        if (method, path) == ("PUT", "/latest/api/token"):
            return (200, "a-token") if headers.get("x-aws-ec2-metadata-token-ttl-seconds") else (400, "")
        if headers.get("x-aws-ec2-metadata-token") != "a-token":
            return 401, ""
        told = {"Code": "Success", "Type": "AWS-HMAC", **credentials}
        known = {below: role, below + role: json.dumps(told, indent=2)}
        return (200, known[path]) if method == "GET" and path in known else (404, "")

    return answer


def container_endpoint(
    path_there: str, credentials: Mapping[str, str], token: str = ""
) -> Callable[[str, str, Mapping[str, str]], Answer]:
    """The endpoint of ECS; with a token, that of the agent of EKS Pod Identity."""

    def answer(method: str, path: str, headers: Mapping[str, str]) -> Answer:
        if (method, path) != ("GET", path_there):
            return 404, ""
        if token and headers.get("authorization") != token:
            return 401, ""
        return 200, json.dumps(credentials)

    return answer
