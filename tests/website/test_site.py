"""The site: it builds without a warning, every link leads somewhere, and no page asks another host for anything."""

from __future__ import annotations

import html
import json
import posixpath
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from markdown_it import MarkdownIt
from mkdocs.commands.build import build
from mkdocs.config import load_config
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from browser import browser, log, look

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "README.md": "index.html",
    "CHANGELOG.md": "changelog.html",
    "SECURITY.md": "security.html",
    ".github/CONTRIBUTING.md": "contributing.html",
}
"""The pages of the site that do not lie in docs/."""
TAG = re.compile(r"<([a-z][a-z0-9]*)(\s[^>]*)>")
ATTRIBUTE = re.compile(r"\s([a-z][\w:-]*)=(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
COUNTED = ("h1", "h2", "h3", "h4", "ul", "ol", "li", "tr", "td", "th", "pre", "code", "strong", "em", "a")
WIDTHS = (390, 1280)
LOOKED_AT = ("index", "tutorial", "commands", "comparison", "rules", "types/index", "types/s3-bucket", "security-hub")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `mkdocs build --strict` writes, which a warning would stop."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """Every page but the one for a wrong address, whose links are those of any folder."""
    found = {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert found.pop("404.html")
    return found


def attributes(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The name and the attributes of each tag."""
    for name, inside in TAG.findall(page):
        yield name, {key: html.unescape("".join(values)) for key, *values in ATTRIBUTE.findall(inside)}


def sources() -> Iterator[tuple[str, str]]:
    """Each page's name on the site, with its Markdown."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").as_posix()
        yield re.sub(r"(README)?\.md$", lambda end: "index.html" if end[1] else ".html", name), path.read_text("utf-8")
    for source, name in ELSEWHERE.items():
        yield name, (ROOT / source).read_text("utf-8")


def article(page: str) -> str:
    """A page's own text, without what the theme adds to it."""
    text = re.search(r"<article.*?</article>", page, re.DOTALL)
    assert text
    return re.sub(r"<a [^>]*(?:headerlink|__codelineno)[^>]*>.*?</a>", "", text[0])


def test_every_page_is_there(pages: dict[str, str]) -> None:
    assert sorted(pages) == sorted(name for name, _ in sources())


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[str, str]) -> None:
    anchors = {name: {found["id"] for _, found in attributes(page) if "id" in found} for name, page in pages.items()}
    wrong, checked = set(), 0
    for name, page in pages.items():
        for _, found in attributes(page):
            for address in (found.get(key, "") for key in ("href", "src")):
                parts = urlsplit(address)
                if parts.scheme or parts.netloc or not address:
                    continue
                checked += 1
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
                target = name if not parts.path else path
                here = parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]
                if here or not (site / target).is_file():
                    wrong.add(f"{name}: {address}")
    assert wrong == set()
    assert checked > 10 * len(pages)


def test_a_page_shows_what_its_markdown_says(pages: dict[str, str]) -> None:
    """Two readers of Markdown disagree on what is a list, a table or code: the site has what GitHub shows."""
    markdown = MarkdownIt("commonmark").enable("table")
    for name, text in sources():
        shown, meant = article(pages[name]), markdown.render(text)
        counts = {
            tag: (len(re.findall(rf"<{tag}[\s>]", shown)), len(re.findall(rf"<{tag}[\s>]", meant))) for tag in COUNTED
        }
        assert {tag: count for tag, count in counts.items() if count[0] != count[1]} == {}, name


def test_everything_can_be_searched(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0] or "index.html" for entry in index["docs"]}
    assert found == {name for name, _ in sources()}
    assert any("wildcard-resource" in entry["location"] for entry in index["docs"])


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: dict[str, str]) -> None:
    """Links that a reader follows lead elsewhere; nothing that a browser loads by itself does."""
    for name, page in pages.items():
        for tag, found in attributes(page):
            if tag != "a":
                loaded = [found[key] for key in ("href", "src", "srcset", "data", "poster", "action") if key in found]
                assert not [address for address in loaded if re.match(r"(?:\w+:)?//", address)], (name, tag, found)
    for sheet in site.rglob("*.css"):
        addresses = re.findall(r"(?:url\(|@import\s*)[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
        assert not [address for address in addresses if re.match(r"(?:\w+:)?//", address)], sheet


def test_a_browser_finds_nothing_too_wide_and_asks_nobody_else(site: Path) -> None:
    handler = partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, browser() as opened:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}/"
        log(opened, "performance")
        for width in WIDTHS:
            look(opened, width)
            for name in LOOKED_AT:
                opened.get(urljoin(home, f"{name}.html"))
                wide = opened.execute_script("return document.documentElement.scrollWidth")
                assert wide <= width, (name, width, wide)
        opened.get(f"{home}index.html?q=leading_keys")
        results = (By.CSS_SELECTOR, ".md-search-result__item a")
        found = WebDriverWait(opened, 20).until(lambda page: page.find_elements(*results))
        assert any("dynamodb-table" in str(link.get_attribute("href")) for link in found)
        requests = [json.loads(entry["message"])["message"] for entry in log(opened, "performance")]
        server.shutdown()
    asked = {one["params"]["request"]["url"] for one in requests if one["method"] == "Network.requestWillBeSent"}
    assert len(asked) > len(LOOKED_AT)
    own = (home, "data:", "blob:", "chrome:")  # the last are those of the browser's first, empty page
    assert {address for address in asked if not address.startswith(own)} == set()


class _Quiet(SimpleHTTPRequestHandler):
    """A server of a folder that writes nothing about it."""

    def log_message(self, *arguments: object) -> None:
        pass
