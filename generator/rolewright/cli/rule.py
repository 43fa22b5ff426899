"""`rolewright rule`: what a rule finds, why, and what to do about it."""

from __future__ import annotations

import difflib
import json
from typing import Annotated

import typer

from rolewright.cli.console import Format, FormatOption, show
from rolewright.core.finding import MisuseError
from rolewright.report.json import findings_json
from rolewright.report.rule_pages import rule_list, rule_markdown, rule_objects, rule_pages, rule_sections


def rule(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The rule, as a finding names it.", show_default=False)
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say what a rule finds, why that matters and what to do; without a name, list every rule."""
    pages = rule_pages()
    if name is not None and name not in pages:
        near = difflib.get_close_matches(name, pages, 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `rolewright rule` lists them"
        raise MisuseError(f"{name} is no rule{hint}")
    if format_ is Format.JSON:
        chosen = pages.values() if name is None else [pages[name]]
        show(json.dumps({"rules": rule_objects(chosen), **findings_json([])}, indent=2))
    elif name is None:
        show(rule_list(rule_sections()), nl=False)
    else:
        show(rule_markdown(pages[name]), nl=False)
