"""The command line as a program of scripts, which runs in the process of the tests: nothing is imported anew.

A test that runs a script waits for it, and the script for the command: meanwhile a thread of the test's process has
the command to itself.
"""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
from functools import cache
from pathlib import Path

from command_line import rolewright

_CLIENT = Path(__file__).with_name("command_client.py")


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        arguments, folder, given = json.load(self.rfile)
        changed = {name: value for name, value in given.items() if os.environ.get(name) != value}
        ran = rolewright(*arguments, cwd=Path(folder), env=changed)
        self.wfile.write(json.dumps([ran.returncode, ran.stdout, ran.stderr]).encode())


@cache
def program() -> str:
    """The words of a command of sh that stand for `rolewright`, as long as this process lives."""
    server = socketserver.TCPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'"{sys.executable}" -S -E "{_CLIENT}" {server.server_address[1]}'
