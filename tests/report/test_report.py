"""`rolewright report`: the page says what access.lock says, in a real browser at each width, and loads nothing."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import ActionChains, Keys

from browser import browser, log, look
from cases import Cases
from command_line import rolewright, rolewright_process
from git_repository import git
from rolewright.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
HOSTILE = """\
version: 1
workload: hostile
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
statements:
  - actions: [dynamodb:ListTables]
    resources: ["*"]
    reason: </script><script>document.title = "taken"</script><img src=x onerror="document.title='taken'">
"""

CELLS = """
return [...document.querySelectorAll('section.workload')].map(w => ({
  workload: w.querySelector('h2').textContent,
  environments: [...w.querySelectorAll('.environment')].map(e => ({
    name: e.dataset.environment || '',
    rows: [...e.querySelectorAll('table.access tbody tr')].map(r => ({
      effect: r.className, role: r.cells[0].firstChild.textContent.trim(),
      actions: [...r.cells[1].querySelectorAll('code')].map(c => c.textContent),
      resources: [...r.cells[2].children].filter(c => c.tagName === 'CODE').map(c => c.textContent),
      only: r.cells[2].querySelector('p code') ? r.cells[2].querySelector('p code').textContent : ''
    })),
    policies: [...e.querySelectorAll('table.policies tbody tr')].map(r => ({
      effect: r.className, of: r.cells[0].textContent.trim(),
      who: [...r.cells[1].querySelectorAll('code')].map(c => c.textContent),
      actions: [...r.cells[2].querySelectorAll('code')].map(c => c.textContent),
      resources: r.cells[3] ? [...r.cells[3].children].filter(c => c.tagName === 'CODE').map(c => c.textContent) : [],
      only: r.cells[3] && r.cells[3].querySelector('p code') ? r.cells[3].querySelector('p code').textContent : ''
    })),
    opened: [...e.querySelectorAll('table.opened tbody tr')].map(r =>
      `open ${r.cells[0].textContent.trim()} to ${r.cells[1].textContent.trim()}`),
    trusts: [...e.querySelector('table').tBodies[0].rows].map(r => ({
      role: r.cells[0].firstChild.textContent, who: [...r.cells[1].querySelectorAll('code')].map(c => c.textContent),
      only: r.cells[2].textContent.trim()
    }))
  }))
}))"""

# What is cut: text that its cell, its tile or its box in a picture is too narrow for, or that ends in a mark of a cut.
CUT = """
const over = e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1;
const boxes = [...document.querySelectorAll('svg g')].filter(g => g.getClientRects().length);
const beside = boxes.flatMap(g => [...g.querySelectorAll('text')].filter(t => {
  const [inner, outer] = [t.getBoundingClientRect(), g.querySelector('rect').getBoundingClientRect()];
  return inner.right > outer.right || inner.bottom > outer.bottom || inner.top < outer.top;
}));
const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
const marked = [];
for (let n; n = walk.nextNode();) { if (n.textContent.includes('…')) marked.push(n.textContent); }
return [...[...document.querySelectorAll('td, tbody th, .tile')].filter(over), ...beside].map(e => e.textContent)
  .concat(marked, [...document.querySelectorAll('input')].map(i => i.placeholder).filter(p => p.includes('…')));
"""

# WCAG 2.1, 1.4.3: the contrast of each text with what is behind it.
CONTRAST = """
const light = c => { const f = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const numbers = s => s.match(/[0-9.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) {
  const box = e.tagName === 'g' && e.querySelector('rect');
  if (box) return numbers(getComputedStyle(box).fill).slice(0, 3);
  const c = numbers(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c.slice(0, 3); }
  return [255, 255, 255]; };
const poor = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n; n = walk.nextNode();) {
  const e = n.parentElement;
  if (!n.textContent.trim() || ['SCRIPT', 'STYLE', 'TITLE', 'title'].includes(e.tagName)) continue;
  const style = getComputedStyle(e), svg = e.tagName === 'text';
  const [a, b] = [light(numbers(svg ? style.fill : style.color).slice(0, 3)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push([n.textContent.trim(), ratio]);
}
return poor;"""


@pytest.fixture(scope="module")
def opened() -> Iterator[Chrome]:
    with browser() as chrome:
        yield chrome


@pytest.fixture(scope="module")
def all_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    run = rolewright("report", *map(str, EXAMPLES), cwd=folder)
    assert run.returncode == 0, run.stderr
    return folder / "report.html"


def show(chrome: Chrome, file: Path, width: int = 1280, *, dark: bool = False) -> None:
    """Open a page with all of it unfolded."""
    look(chrome, width, dark=dark)
    chrome.get(file.as_uri())
    chrome.execute_script("document.getElementById('unfold').click()")  # leaves the focus where it is


def locked(workload: str, listed: list[dict[str, Any]]) -> set[str]:
    """What the page shows of a workload, in the words of access.lock."""
    lines: set[str] = set()
    for environment in listed:
        where = f"{environment['name']} " if environment["name"] else ""
        for row in environment["rows"]:
            only = f" if {row['only']}" if row["only"] else ""
            assert row["actions"], workload
            assert row["resources"], workload
            lines |= {
                f"{where}{row['role']} {row['effect']} {action} on {arn}{only}"
                for action in row["actions"]
                for arn in row["resources"]
            }
        lines |= {where + line for line in environment["opened"]}
        for row in environment["policies"]:
            if row["effect"] == "says":
                lines.add(f"{where}{row['of']} says {row['who'][0]}")
                continue
            only = f" if {row['only']}" if row["only"] else ""
            said = list(itertools.product(row["who"], row["actions"], row["resources"]))
            assert said, workload
            lines |= {f"{where}{row['of']} {row['effect']} {who} {a} on {arn}{only}" for who, a, arn in said}
        for trust in environment["trusts"]:
            only = "" if trust["only"] == "always" else f" if {trust['only']}"
            lines.add(f"{where}{trust['role']} assumed-by {', '.join(trust['who'])}{only}")
    return lines


def test_the_page_says_exactly_what_the_lock_says(opened: Chrome, all_examples: Path, pipeline: Pipeline) -> None:
    show(opened, all_examples)
    shown = {one["workload"]: one["environments"] for one in opened.execute_script(CELLS)}
    locks = {
        built.workload.name: built.module.files["access.lock"] for path in EXAMPLES for built in pipeline.run(path)
    }
    assert shown.keys() == locks.keys()
    for name, environments in shown.items():
        assert locked(name, environments) == set(locks[name].splitlines())


def test_nothing_is_loaded_and_nothing_is_complained_of(opened: Chrome, all_examples: Path) -> None:
    log(opened, "performance")
    show(opened, all_examples)
    sent = [json.loads(entry["message"])["message"] for entry in log(opened, "performance")]
    urls = {one["params"]["request"]["url"] for one in sent if one["method"] == "Network.requestWillBeSent"}
    assert urls == {all_examples.as_uri()}
    assert log(opened, "browser") == []


@pytest.mark.parametrize("width", [320, 390, 760, 1000, 1001, 1280])
def test_it_fits_every_width(opened: Chrome, all_examples: Path, width: int) -> None:
    show(opened, all_examples, width)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    pictures = opened.find_elements("css selector", ".picture")
    trees = opened.find_elements("css selector", ".tree")
    assert len(pictures) == len(trees) == len(EXAMPLES)
    assert all(one.is_displayed() == (width > 1000) for one in pictures)
    assert all((one.size["height"] > 20) == (width <= 1000) for one in trees)
    assert opened.execute_script(CUT) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [375, 1280])
def test_its_text_can_be_read(opened: Chrome, all_examples: Path, width: int, dark: bool) -> None:
    show(opened, all_examples, width, dark=dark)
    background = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (not dark)
    assert opened.execute_script(CONTRAST) == []


def test_the_keyboard_is_enough(opened: Chrome, all_examples: Path) -> None:
    show(opened, all_examples)

    def press(*keys: str) -> None:
        for key in keys:
            ActionChains(opened).send_keys(key).perform()

    def focused(what: str) -> Any:
        return opened.execute_script(f"return document.activeElement.{what}")

    def rows() -> list[str]:  # in one question: there are hundreds of them
        listed: list[str] = opened.execute_script(
            "return [...document.querySelectorAll('main section:not(#overview) tbody tr')]"
            ".filter(row => row.checkVisibility()).map(row => row.innerText)"
        )
        return listed

    press(Keys.TAB)
    assert focused("className") == "skip"
    assert opened.find_element("css selector", ".skip").rect["x"] >= 0
    press(Keys.ENTER)
    assert focused("id") == "main"
    every = rows()
    press("/", "s3:GetObject")
    assert focused("id") == "filter"
    found = rows()
    assert 0 < len(found) < len(every)
    assert all("s3:GetObject" in one for one in found)
    assert opened.find_element("id", "count").text == f"{len(found)} of {len(every)} rows"
    press(Keys.ESCAPE)
    assert rows() == every
    press(Keys.TAB)
    assert focused("id") == "only"
    press("d")  # the first choice that begins so
    assert opened.find_element("id", "only").get_property("value") == "delete"
    deletes = opened.execute_script(
        "return [...document.querySelectorAll('table.access tbody tr')]"
        ".filter(row => row.checkVisibility()).map(row => row.querySelector('td').innerText)"
    )
    assert deletes
    assert all("delete" in marks.splitlines() for marks in deletes)
    press(Keys.HOME, Keys.TAB)
    assert focused("id") == "unfold"
    press(Keys.TAB, Keys.ENTER)
    assert rows() == []
    ActionChains(opened).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    press(Keys.ENTER)
    assert rows() == every
    press(Keys.TAB, Keys.TAB)
    assert focused("id") == "environment"
    press(Keys.ARROW_DOWN)
    names = opened.find_elements("css selector", "[data-environment]")
    chosen = opened.find_element("id", "environment").get_property("value")
    assert {one.get_attribute("data-environment") for one in names if one.is_displayed()} == {chosen}
    press(Keys.TAB)
    assert focused("tagName") == "A"
    details = opened.find_element("css selector", "section.workload > details")
    opened.execute_script("arguments[0].querySelector('summary').focus()", details)
    press(Keys.ENTER)
    assert not details.get_property("open")
    press(Keys.SPACE)
    assert details.get_property("open")


def test_a_search_leaves_the_workloads_that_have_it_and_folds_back(opened: Chrome, all_examples: Path) -> None:
    look(opened, 1280)
    opened.get(all_examples.as_uri())
    sections = "return [...document.querySelectorAll('section.workload')].filter(s => !s.hidden).map(s => s.id)"
    index = "return [...document.querySelectorAll('#overview tbody tr')].filter(r => !r.hidden).map(r => r.dataset.of)"
    unfolded = "return [...document.querySelectorAll('section.workload > details')].filter(d => d.open).length"
    assert opened.execute_script(unfolded) == 0  # of many, each is folded
    everywhere = opened.execute_script(sections)
    opened.find_element("id", "filter").send_keys("thumbnails")
    (found,) = opened.execute_script(sections)
    assert opened.find_element("css selector", f"#{found} h2").text == "thumbnails"
    assert opened.execute_script(index) == [found]
    assert opened.find_element("css selector", f"#{found} table.access").is_displayed()
    opened.find_element("id", "filter").send_keys(Keys.ESCAPE)
    assert opened.execute_script(sections) == opened.execute_script(index) == everywhere
    assert opened.execute_script(unfolded) == 0
    opened.find_element("id", "filter").send_keys("nothing-has-this")
    assert opened.execute_script(sections) == opened.execute_script(index) == []
    assert not opened.find_element("id", "touched").is_displayed()
    opened.find_element("id", "filter").send_keys(Keys.ESCAPE)
    opened.find_element("css selector", "[data-only=star]").click()
    stars = [row for row in opened.find_elements("css selector", "table.access tbody tr") if row.is_displayed()]
    assert sum("every resource" in row.text for row in stars) == len(stars) > 0
    opened.get(f"{all_examples.as_uri()}#w3")
    assert opened.find_element("css selector", "#w3 > details").get_property("open")


def test_without_scripts_it_can_be_read(opened: Chrome, all_examples: Path) -> None:
    look(opened, 390)
    opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened.get(all_examples.as_uri())
        assert not opened.find_element("id", "tools").is_displayed()
        assert opened.find_element("css selector", "#verdict .tiles").is_displayed()
        opened.find_element("css selector", "#w1 > details > summary").click()
        assert opened.find_element("css selector", "#w1 table.access").is_displayed()
    finally:
        opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_manifest_cannot_run_a_script(opened: Chrome, tmp_path: Path) -> None:
    (tmp_path / "hostile.yaml").write_text(HOSTILE, encoding="utf-8")
    run = rolewright("report", "hostile.yaml", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    show(opened, tmp_path / "report.html")
    assert opened.title == "Access of hostile"
    assert "<script>" in str(opened.find_element("css selector", "td details li").get_property("textContent"))
    assert opened.execute_script("return document.images.length") == 0
    # Were one to slip through the escaping, the page's own policy would stop it.
    opened.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    assert opened.title == "Access of hostile"
    assert "Content Security Policy" in "".join(entry["message"] for entry in log(opened, "browser"))


def test_what_changed_since_a_revision(opened: Chrome, tmp_path: Path) -> None:
    manifest = tmp_path / "hostile.yaml"
    manifest.write_text(HOSTILE.replace("</script>", ""), encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    same = rolewright("report", "hostile.yaml", "--base", "HEAD", cwd=tmp_path)
    assert same.returncode == 0, same.stderr
    show(opened, tmp_path / "report.html")
    assert opened.find_element("css selector", "#changes .verdict").text.startswith("Nobody may do anything more")
    manifest.write_text(HOSTILE.replace("ListTables", "ListBackups"), encoding="utf-8")
    wider = rolewright("report", "hostile.yaml", "--base", "HEAD", cwd=tmp_path)
    assert wider.returncode == 0, wider.stderr
    show(opened, tmp_path / "report.html")
    changes = opened.find_element("id", "changes")
    assert changes.find_element("css selector", ".verdict").text == "Wider: hostile."
    read = [(row.get_attribute("class"), row.text) for row in changes.find_elements("css selector", "tbody tr")]
    assert [kind for kind, _ in read] == ["added", "removed"]
    assert "dynamodb:ListBackups" in read[0][1]
    assert "hostile.yaml:5" in read[0][1]
    assert "dynamodb:ListTables" in read[1][1]


def test_findings_are_on_the_page(opened: Chrome, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("version: 1\nworkload: bad\ncompute: {type: lamda}\n", encoding="utf-8")
    run = rolewright("report", "good.yaml", "bad.yaml", cwd=tmp_path)
    assert run.returncode == 1
    show(opened, tmp_path / "report.html")
    text = opened.find_element("id", "findings").text
    assert "bad.yaml:3:" in text
    assert "lamda" in text
    assert [one.text for one in opened.find_elements("css selector", "section.workload h2")] == ["hostile"]


def test_the_same_manifests_give_the_same_bytes(tmp_path: Path, cases: Cases) -> None:
    """In this process, whose sets have an order of their own, and in others with theirs."""
    manifests = list(map(str, EXAMPLES[:6]))
    assert rolewright("report", *manifests, "-o", "here.html", cwd=tmp_path).returncode == 0
    for seed in map(str, range(cases.number(1, 3))):
        run = rolewright_process(
            "report", *manifests, "-o", f"{seed}.html", cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        assert run.returncode == 0, run.stderr
    assert len({page.read_bytes() for page in tmp_path.glob("*.html")}) == 1


def test_only_its_own_pages_are_overwritten(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(HOSTILE, encoding="utf-8")
    mine = tmp_path / "report.html"
    mine.write_text("<p>mine", encoding="utf-8")
    run = rolewright("report", "good.yaml", cwd=tmp_path)
    assert run.returncode == 2
    assert "--force" in run.stderr
    assert mine.read_text(encoding="utf-8") == "<p>mine"
    (tmp_path / "link.html").symlink_to(mine)
    assert rolewright("report", "good.yaml", "--force", "-o", "link.html", cwd=tmp_path).returncode == 2
    assert mine.read_text(encoding="utf-8") == "<p>mine"
    for refused in (".", "none/report.html"):
        assert rolewright("report", "good.yaml", "-o", refused, cwd=tmp_path).returncode == 2
    assert rolewright("report", "good.yaml", "--force", cwd=tmp_path).returncode == 0
    assert rolewright("report", "good.yaml", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.yaml", "link.html", "report.html"]
