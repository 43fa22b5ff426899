"""`rolewright rule`: what a rule finds, why, and what to do about it."""

from __future__ import annotations

import difflib
import json
from typing import Annotated

import typer

from rolewright.cli.console import Format, FormatOption, show, show_markdown
from rolewright.core.finding import MisuseError
from rolewright.report.json import findings_json
from rolewright.report.rule_pages import rule_list, rule_markdown, rule_objects, rule_pages, rule_sections


def _names(incomplete: str) -> list[str]:
    """Return the rules that a word may become."""
    return [name for name in rule_pages() if name.startswith(incomplete)]


def rule(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Name of the rule, as shown in a finding.",
            show_default=False,
            autocompletion=_names,
        ),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Explain a rule: what it finds, why that matters and what to do. Without a name, list all rules.

    \b
    Example:
      rolewright rule access-code
    """
    pages = rule_pages()
    if name is not None and name not in pages:
        near = difflib.get_close_matches(name, pages, 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `rolewright rule` lists them"
        raise MisuseError(f"there is no rule {name}{hint}")
    if format_ is Format.JSON:
        chosen = pages.values() if name is None else [pages[name]]
        show(json.dumps({"rules": rule_objects(chosen), **findings_json([])}, indent=2))
    elif name is None:
        show(rule_list(rule_sections()), nl=False)
    else:
        show_markdown(rule_markdown(pages[name]))
