"""What was accepted stays accepted: a finding keeps its digest."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from command_line import rolewright
from planted_keys import new_key
from rolewright.audit.baseline import fingerprint
from rolewright.audit.text import audit_text

if TYPE_CHECKING:
    from pathlib import Path

KEY, SECRET, ACCOUNT = new_key(random.Random(31))


def test_a_baseline_of_an_earlier_version_holds(tmp_path: Path) -> None:
    """Its digests are of rule, file and message, as earlier versions made them, and say nothing of the subject."""
    (tmp_path / "a.env").write_text(f"KEY={KEY}\nAWS_SECRET_ACCESS_KEY=$SECRET\n", encoding="utf-8")
    messages = {
        "access-key": f"{KEY}, a long-lived access key of account {ACCOUNT}",
        "key-reference": "AWS_SECRET_ACCESS_KEY: is given an access key through the environment, "
        "which the SDK takes before any role",
    }
    accepted = [
        {
            "fingerprint": hashlib.sha256(f"{rule}\0a.env\0{message}".encode()).hexdigest()[:32],
            "reason": "rotated next week",
            "until": "2999-01-01",
        }
        for rule, message in messages.items()
    ]
    (tmp_path / "b.json").write_text(json.dumps({"accepted": accepted}), encoding="utf-8")
    run = rolewright("audit", "a.env", "--baseline", "b.json", "--format", "json", cwd=tmp_path)
    assert (run.returncode, json.loads(run.stdout)["findings"]) == (0, [])


def test_what_nothing_needs_is_told_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("nothing", encoding="utf-8")
    (found,) = audit_text(f"KEY={KEY}\n".encode(), "a.env", "a.env")
    assert fingerprint(found) == fingerprint(replace(found, subject="another"))
    entry = {"fingerprint": fingerprint(found), "reason": "x", "until": "2999-01-01"}
    (tmp_path / "b.json").write_text(json.dumps({"accepted": [entry]}), encoding="utf-8")
    run = rolewright("audit", "a.env", "--baseline", "b.json", "--format", "json", cwd=tmp_path)
    (idle,) = json.loads(run.stdout)["findings"]
    assert (idle["rule"], idle["subject"]) == ("baseline-unused", fingerprint(found))
