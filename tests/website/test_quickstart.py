"""The picture in the README is of what the commands print today."""

from __future__ import annotations

import gc
from xml.etree import ElementTree

from website.quickstart import PICTURE, drawn


def test_the_picture_is_what_the_commands_print() -> None:
    try:
        assert drawn() == PICTURE.read_text(encoding="utf-8")
    finally:
        gc.unfreeze()  # the product leaves to the end of the process what it has built
        gc.enable()
    assert ElementTree.parse(PICTURE).getroot().tag.endswith("svg")
