"""What MkDocs does not do by itself: pages from outside of docs/, their links, and a page of navigation per type."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File
from pymdownx.slugs import slugify

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    ".github/CONTRIBUTING.md": "contributing.md",
}
"""The pages that lie elsewhere in the repository, and what each is called on the site."""
_SOURCES = {page: source for source, page in PAGES.items()}
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)(?=[)#])")
_TYPES = "types/README.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give headings the anchors that GitHub gives them, and list every type below the list of types."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    names = sorted(path.name for path in Path(config.docs_dir, "types").glob("*.md"))
    types = [_TYPES, *({Path(name).stem: f"types/{name}"} for name in names if name != "README.md")]
    config.nav = _with_types(config.nav, types)
    return config


def _with_types(nav: Any, types: list[Any]) -> Any:
    """Return the navigation, which is nested lists and mappings, with all pages in place of the list of types."""
    if isinstance(nav, list):
        return [_with_types(entry, types) for entry in nav]
    if isinstance(nav, dict):
        return {title: _with_types(entry, types) for title, entry in nav.items()}
    return types if nav == _TYPES else nav


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere, and a copy of each other file that a page links to."""
    for source, name in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    for page in files.documentation_pages():
        for target in _LINK.findall(_FENCE.sub("", page.content_string)):
            path = _in_repository(page.src_uri, target)
            if path not in PAGES and not path.startswith("docs/") and files.get_file_from_path(path) is None:
                files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page whose links lead to where the site has the files of the repository."""
    here = page.file.src_uri

    def mended(found: re.Match[str]) -> str:
        path = _in_repository(here, found[1])
        return posixpath.relpath(PAGES.get(path, path.removeprefix("docs/")), posixpath.dirname(here) or ".")

    parts = _FENCE.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(mended, part) for number, part in enumerate(parts))


def _in_repository(page: str, target: str) -> str:
    """Return the path, from the repository's root, of what a page of the site links to."""
    source = _SOURCES.get(page, f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
