"""Asks the process of the tests to run the command line with these arguments, here and with these variables."""

from __future__ import annotations

import json
import os
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as asked:
    here = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than all else here
    asked.sendall(json.dumps([sys.argv[2:], here, dict(os.environ)]).encode())
    asked.shutdown(socket.SHUT_WR)
    code, printed, told = json.load(asked.makefile(encoding="utf-8"))
sys.stdout.write(printed)
sys.stderr.write(told)
sys.exit(code)
