from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.core.printable import HIDDEN
from rolewright.yaml import compose as yamltree
from rolewright.yaml import load as source
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Data: TypeAlias = Any

# What YAML allows unescaped, with characters beyond the basic plane, wide and combining ones.
TEXT = st.text(
    st.one_of(
        st.sampled_from("aZ09 .:-#'\"{}[],&*!|>%@`~<\\\n\té\u0301😀日\u200d"),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"),
    ),
    max_size=12,
).filter(lambda text: not HIDDEN.search(text))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=20,
)


def same(left: object, right: object) -> bool:
    """Equality that tells 1 from 1.0 and from True, and the order of keys."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def nodes(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from nodes(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from nodes(value, (*path, index))


def cut(text: str, place: Location | source.Place) -> str:
    """The text that a place covers, by lines and columns alone."""
    lines = text.split("\n")[place.line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    return "\n".join(lines)


def only(text: str) -> Data:
    (tree,) = loads(text, "m.yaml").trees
    return tree.data


def findings(text: str) -> list[Finding]:
    with pytest.raises(Rejected) as refused:
        loads(text, "m.yaml")
    return list(refused.value.findings)


def rules(text: str) -> list[tuple[str, int, int]]:
    return [(f.rule, f.location.line, f.location.column) for f in findings(text)]


@given(DATA, st.sampled_from([None, 1, 2]), st.booleans())
def test_json_is_read_as_json_reads_it(data: object, indent: int | None, ascii_only: bool) -> None:
    # JSON's escapes of characters beyond the basic plane are pairs of surrogates, which YAML has not.
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    if ascii_only and text.isprintable():
        text = re.sub(
            r"[^\x00-\x7f]",
            lambda m: f"\\u{ord(m[0]):04x}" if ord(m[0]) < 0x10000 else f"\\U{ord(m[0]):08x}",
            text,
        )
    assert same(only(text), data)


@given(DATA, st.sampled_from([None, 2]))
def test_every_place_covers_its_node(data: object, indent: int | None) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    (tree,) = loads(text, "m.yaml").trees
    expected = dict(nodes(data))
    assert set(tree.places) == set(expected)
    for path, value in expected.items():
        assert same(json.loads(cut(text, tree.places[path])), value)
        if path and isinstance(path[-1], str):
            assert json.loads(cut(text, tree.location(path, key=True))) == path[-1]


@given(DATA)
def test_block_style_places_cover_their_scalars(data: object) -> None:
    text = yaml.safe_dump({"root": data}, allow_unicode=True, default_flow_style=False, width=20)
    # PyYAML writes YAML 1.1: it leaves unquoted what 1.2 takes for a number, and so for no key.
    assume(not re.search(r"^[- ]*(\? )?[-+.0-9]\S*:", text, re.MULTILINE))
    (tree,) = loads(text, "m.yaml").trees
    for path, value in nodes(tree.data):
        if tree.raw(path):
            assert same(only(cut(text, tree.places[path])), value)
        if path and isinstance(path[-1], str):
            assert only(cut(text, tree.location(path, key=True)) + "\n") == (path[-1] or "")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((w, None) for w in ("", "~", "null", "Null", "NULL")),
        *((w, True) for w in ("true", "True", "TRUE")),
        *((w, False) for w in ("false", "False", "FALSE")),
        *((w, w) for w in ("on", "off", "yes", "no", "y", "n", "On", "NO", "tRue", "nULL")),
        *((w, w) for w in ("2027-06-30", "2001-12-14t21:59:43.10-05:00", "12:30:45", "1_000", "0b11")),
        *((w, w) for w in ("012345678901", "-012", "012.5", "007e3", "0o8", "0xG", "+0x1F", "1.2.3", ".")),
        ("0", 0),
        ("-1", -1),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("123456789012", 123456789012),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("-0.0e-1", -0.0),
        ("1e3", 1000.0),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!str", ""),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("!!null ''", None),
        ("!!bool 'true'", True),
        ("'true'", "true"),
        ("|\n  12\n", "12\n"),
    ],
)
def test_scalars_follow_the_core_schema(written: str, value: object) -> None:
    assert same(only(f"a: {written}"), {"a": value})


def test_raw_is_what_is_written() -> None:
    (tree,) = loads('a: 1.10\nb: 0x1F\nc: "2.0"\nd: &x 1.0\ne: *x\n', "m.yaml").trees
    assert [tree.raw((key,)) for key in "abcde"] == ["1.10", "0x1F", "2.0", "1.0", "1.0"]


def test_a_number_too_long_stays_as_it_is_written() -> None:
    digits = "9" * 5000
    assert only(f"a: {digits}\nb: 0x{digits}")["a"] == digits


def test_merge_keys() -> None:
    data = only("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\nd: {y: 4, <<: *a}\n")
    assert data["c"] == {"x": 1, "z": 2, "y": 3}
    assert data["d"] == {"x": 1, "y": 4}
    assert only('"<<": 1') == {"<<": 1}


def test_aliases_are_copies() -> None:
    data = only("a: &a [{k: v}]\nb: *a\n")
    data["a"][0]["k"] = "changed"
    assert data["b"] == [{"k": "v"}]


def test_places_of_aliases_and_merged_keys() -> None:
    (tree,) = loads("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n", "m.yaml").trees
    assert tree.location(("b",)) == Location("m.yaml", 2, 4, 2, 6)
    assert tree.location(("b", "x")) == tree.location(("c", "x")) == Location("m.yaml", 1, 11, 1, 12)
    assert tree.location(("c", "x"), key=True) == Location("m.yaml", 1, 8, 1, 9)


def test_places_end_where_their_text_ends() -> None:
    text = "a:\n  - |\n    x\n\n  - b: >-\n      y\n      z\n    c:  # none\n  # end\n\nd: &x !!str e\n"
    (tree,) = loads(text, "m.yaml").trees
    assert {path: cut(text, place) for path, place in tree.places.items()} == {
        (): text.rstrip(),
        ("a",): text[5 : text.index("  # none")],
        ("a", 0): "|\n    x",
        ("a", 1): text[text.index("b: >-") : text.index("  # none")],
        ("a", 1, "b"): ">-\n      y\n      z",
        ("a", 1, "c"): "",
        ("d",): "&x !!str e",
    }


def test_a_missing_path_is_located_at_its_nearest_ancestor() -> None:
    (tree,) = loads("# first\na:\n  b: [1]\n", "m.yaml").trees
    assert tree.location(("a", "x", "y")) == Location("m.yaml", 2, 1, 2, 2)
    assert tree.location(("a", "b", 7)) == Location("m.yaml", 3, 3, 3, 4)
    assert tree.location(("z",)) == Location("m.yaml", 2, 1, 2, 1)


def test_documents_and_line_ends() -> None:
    document = loads("\ufeff---\r\na: 1\r\n---\r\n---\r# x\rb:\r\n  - 2\r\n", "m.yaml")
    assert [tree.data for tree in document.trees] == [{"a": 1}, {"b": [2]}]
    assert document.trees[1].location(("b", 0)) == Location("m.yaml", 7, 5, 7, 6)
    assert "\r" not in document.text
    assert not document.text.startswith("\ufeff")


def test_all_findings_at_once_with_their_places() -> None:
    text = (
        "a: 1\nb: 2\na: 3\n1: x\nc: !!python/object:os.system y\nd: *none\ne: .inf\nf: -.INF\n"
        "g: .nan\nh: 1e999\n<<: 5\n? [k]\n: v\n'b': 4\ni: !!int x\nj: !!set {}\nk: [\n"
    )
    assert rules(text) == [
        ("source-duplicate-key", 3, 1),
        ("source-key", 4, 1),
        ("source-tag", 5, 4),
        ("source-alias", 6, 4),
        ("source-number", 7, 4),
        ("source-number", 8, 4),
        ("source-number", 9, 4),
        ("source-number", 10, 4),
        ("source-merge", 11, 5),
        ("source-key", 12, 3),
        ("source-duplicate-key", 14, 1),
        ("source-tag", 15, 4),
        ("source-tag", 16, 4),
        ("source-syntax", 18, 1),
    ]
    first = findings(text)[0]
    assert [r.location for r in first.related] == [Location("m.yaml", 1, 1, 1, 2)]
    assert all(f.remedy for f in findings(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("source-empty", 1, 1)),
        ("# only a comment\n---\n", ("source-empty", 1, 1)),
        ("a: &x [*x]\n", ("source-alias", 1, 8)),
        ("a: &x 1\nb: &x [*x]\n", ("source-alias", 2, 8)),
        ("a: &a 1\n---\nb: *a", ("source-alias", 3, 4)),
        ("a:\n\tb: 1\n", ("source-syntax", 2, 1)),
        ("é: [😀, b: c: d]\n", ("source-syntax", 1, 12)),
        ("%YAML 1.1\n---\na: on\n", ("source-version", 1, 1)),
        ("x: {<<: {a: 1}, <<: {b: 1}}", ("source-duplicate-key", 1, 17)),
        ("é\u2028", ("source-character", 1, 2)),
        ("a: \x1b[31m", ("source-character", 1, 4)),
        ("ab\n\x00", ("source-character", 2, 1)),
        ("a: '\ud800'", ("source-character", 1, 5)),
        ("[" * 65 + "]" * 65, ("source-depth", 1, 65)),
        ("- " * 100_000, ("source-depth", 1, 129)),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: [[[[*a]]]]", ("source-depth", 2, 8)),
        ("a: 1\n" + "# " * 600_000, ("source-too-large", 1, 1)),
    ],
)
def test_a_text_is_refused_where_it_is_wrong(text: str, expected: tuple[str, int, int]) -> None:
    assert rules(text) == [expected]


def test_depth_at_the_bound_is_read() -> None:
    data = only("[" * 64 + "]" * 64)
    for _ in range(63):
        (data,) = data
    assert data == []


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [" + "''," * 10 + "]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 10}]\n" for i in range(1, 9)),
        "a0: &a0 {x: 1}\n"
        + "".join(f"a{i}: &a{i} {{k: *a{i - 1}, <<: *a{i - 1}, l: *a{i - 1}}}\n" for i in range(1, 40)),
        "a: &a " + "x" * 100_000 + "\nb: [" + "*a," * 100 + "]\n",
        "a: &a [" + "x" * 100_000 + "]\nb: [" + "*a," * 100 + "]\n",
        "[" + "1," * 100_001 + "]",
    ],
)
def test_a_text_that_expands_beyond_bounds_is_refused(text: str) -> None:
    assert [f.rule for f in findings(text)] == ["source-expansion"]


def test_both_parsers_of_pyyaml_tell_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: '😀é\u0301'\nb:\n  - c: |\n      x\n\n  - {é: [1, 'e'], f: }\n"
    fast = loads(text, "m.yaml").trees[0]
    monkeypatch.setattr(yamltree, "_LOADER", yaml.SafeLoader)
    slow = loads(text, "m.yaml").trees[0]
    assert fast.data == slow.data
    scalars = [p for p, place in fast.places.items() if place.text]
    assert [fast.places[p] for p in scalars] == [slow.places[p] for p in scalars]


def test_load_names_the_file_and_its_findings(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes("\ufeffname: é\r\n".encode())
    assert load(path).file == str(path)
    assert load(path, name="shown.yaml").trees[0].location(("name",)) == Location("shown.yaml", 1, 7, 1, 8)


def refused(path: Path | str) -> tuple[str, Location]:
    with pytest.raises(Rejected) as caught:
        load(path, name="m.yaml")
    (finding,) = caught.value.findings
    assert finding.remedy
    return finding.rule, finding.location


def test_what_is_no_readable_text_is_refused(tmp_path: Path) -> None:
    start = Location("m.yaml")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    large = tmp_path / "large"
    large.write_bytes(b"#" * (source.MAX_BYTES + 1))
    plain = tmp_path / "plain"
    plain.write_text("a: 1")
    assert refused(tmp_path / "none") == ("source-missing", start)
    assert refused(plain / "below") == ("source-missing", start)
    assert refused("nul\0") == ("source-missing", start)
    assert refused(tmp_path) == ("source-not-a-file", start)
    assert refused(fifo) == ("source-not-a-file", start)
    assert refused("/dev/zero") == ("source-not-a-file", start)
    assert refused(loop) == ("source-unreadable", start)
    assert refused(large) == ("source-too-large", start)


def test_a_file_at_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"a: 1\n".ljust(source.MAX_BYTES, b"#"))
    assert load(path).trees[0].data["a"] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    assert refused(path)[0] == "source-unreadable"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ("é\r\n😀: ".encode() + b"\xff", (2, 4)),
        (b"\xff\xfea\x00", (1, 1)),
        (b"\xef\xbb\xbfab\xc3(", (1, 3)),
        (b"a\xe2\x82", (1, 2)),
    ],
)
def test_bytes_that_are_no_utf8_are_located(tmp_path: Path, raw: bytes, place: tuple[int, int]) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(raw)
    rule, location = refused(path)
    assert rule == "source-encoding"
    assert (location.line, location.column) == place


@given(st.text(st.sampled_from("ab1 \n\t:-?[]{},&*!|>'\"%@#<~.é"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = loads(text, "m.yaml")
    except Rejected as error:
        found = error.findings
    else:
        found = ()
        for tree in document.trees:
            assert set(tree.places) == {path for path, _ in nodes(tree.data)}
    assert all(1 <= finding.location.line <= text.count("\n") + 1 for finding in found)
