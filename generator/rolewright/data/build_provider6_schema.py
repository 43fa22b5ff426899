"""Rebuild `provider_6.zip` without the provider: `python -m rolewright.data.build_provider6_schema`.

The schema of AWS provider 6.x is derived from the npm package `@cdktn/provider-aws`, which CDK Terrain
generates from it. Its compiled `index.js` files say, for every argument, its name in Terraform,
whether it is required, optional or computed, and its type; its `index.d.ts` files say which of the
arguments are nested blocks. The package has no deprecations, and no maximum number of blocks greater than one.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rolewright.data import archive

PACKAGE = "@cdktn/provider-aws@25.7.0"
_FILE = re.compile(r"package/lib/([\w-]+)/.*\.(js|d\.ts)$")
_MANIFEST = "package/package.json"

_CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+)")
_TYPE = re.compile(r"^    static tfResourceType = \"(aws_\w+)\"")
_ARGUMENT = re.compile(r"^    // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)$")
_NESTED = re.compile(r"^    _\w+ = new (?:\w+\.)?(\w+)\(this, \"\w+\"(?:, (true|false))?\)")
_GETTER = re.compile(r"^        return ((?:this|cdktn)\.[\w.(]+)\(")
_CONVERTER = re.compile(r"^function (\w+)ToHclTerraform\(|^    synthesizeHclAttributes\(")
_WRITTEN = re.compile(r"^(?:            |        )(\w+): \{$")
_STORED = re.compile(r"^\s+type: \"(\w+)\",$")
_STORED_AS = re.compile(r"^\s+storageClassType: \"(\w+)\",$")
_INTERFACE = re.compile(r"^export interface (\w+)")
_BLOCK_DOC = re.compile(r"^    \* \w+ block$")
_LINK = re.compile(r"\{@link \S+#(\w+) ")

_CLASS_SUFFIX = re.compile("(OutputReference|List|Map)$")
_STORAGE_CLASS = re.compile(r"(string|number|boolean|any)((?:List|Map)*)$")
_SCALARS = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_SIMPLE_GETTERS = {
    "this.getStringAttribute": "string",
    "this.getNumberAttribute": "number",
    "this.getBooleanAttribute": "bool",
    "this.getListAttribute": ["list", "string"],
    "this.getNumberListAttribute": ["list", "number"],
    "this.getStringMapAttribute": ["map", "string"],
    "this.getNumberMapAttribute": ["map", "number"],
    "this.getBooleanMapAttribute": ["map", "bool"],
    "cdktn.Fn.tolist(this.getListAttribute": ["set", "string"],
    "cdktn.Token.asNumberList(cdktn.Fn.tolist(this.getNumberListAttribute": ["set", "number"],
}
_MAP_CLASSES = {"StringMap": "string", "NumberMap": "number", "BooleanMap": "bool"}


@dataclass
class _Argument:
    """An argument as a generated class describes it."""

    flags: str
    nested: str = ""  # the class of its value, "" for a simple one
    is_set: bool = False
    getter: str = ""


@dataclass
class _Source:
    """The facts in the files of one folder of the package: class name → argument name → facts."""

    types: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    classes: dict[str, dict[str, _Argument]] = field(default_factory=dict)
    written: dict[str, dict[str, tuple[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    blocks: set[tuple[str, str]] = field(default_factory=set)


def _read_script(text: str, source: _Source) -> None:
    owner, argument, writer, name, container = "", _Argument(""), "", "", ""
    for line in text.partition("//# sourceMappingURL")[0].splitlines():
        if match := _CLASS.match(line):
            owner = match[1]
            source.classes[owner] = {}
            source.kinds[owner] = match[2]
        elif match := _TYPE.match(line):
            source.types[owner] = match[1]
        elif match := _ARGUMENT.match(line):
            computed, optional, required = (flag == "true" for flag in match.groups()[1:])
            argument = _Argument("r" * required + "o" * optional + "c" * computed)
            source.classes[owner][match[1]] = argument
        elif match := _NESTED.match(line):
            argument.nested, argument.is_set = match[1], match[2] == "true"
        elif match := _CONVERTER.match(line):
            writer = _pascal(match[1]) if match[1] else owner
        elif match := _WRITTEN.match(line):
            name = match[1]
        elif match := _STORED.match(line):
            container = match[1]
        elif match := _STORED_AS.match(line):
            source.written[writer][name] = (container, match[1])
        elif (match := _GETTER.match(line)) and not argument.getter:
            argument.getter = match[1]


def _read_declaration(text: str, source: _Source) -> None:
    interface, is_block = "", False
    for line in text.splitlines():
        if match := _INTERFACE.match(line):
            interface = match[1]
        elif _BLOCK_DOC.match(line):
            is_block = True
        elif line == "    */":
            is_block = False
        elif is_block and (match := _LINK.search(line)):
            source.blocks.add((interface, match[1]))


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _block(source: _Source, path: tuple[str, ...], interface: str, writer: str) -> dict[str, Any]:
    """Return the content of a block in the form of `provider_5.zip`, without deprecations.

    `path` are the classes from the resource down to this block. Where the package cuts a schema off (a block of
    type "any", or one that contains itself), the nesting is "any": nothing is known of the content.
    """
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for name, argument in source.classes[path[-1]].items():
        container, storage = source.written[writer].get(name, ("", ""))
        if (interface, name) not in source.blocks:
            attributes[name] = [argument.flags, _attribute_type(source, path, argument, container, storage)]
        elif not argument.nested or _output_class(argument.nested) in path:
            blocks[name] = ["any", 0, 0, {"attributes": {}, "blocks": {}}]
        else:
            nesting = "single" if container == "struct" else container
            at_most = 0 if nesting == "single" or argument.nested.endswith("List") else 1
            content = _struct(source, path, argument.nested)
            blocks[name] = [nesting, int("r" in argument.flags), at_most, content]
    return {"attributes": attributes, "blocks": blocks}


def _output_class(nested: str) -> str:
    return _CLASS_SUFFIX.sub("", nested) + "OutputReference"


def _struct(source: _Source, path: tuple[str, ...], nested: str) -> dict[str, Any]:
    output = _output_class(nested)
    interface = output.removesuffix("OutputReference")
    return _block(source, (*path, output), interface, interface)


def _attribute_type(source: _Source, path: tuple[str, ...], argument: _Argument, container: str, storage: str) -> Any:  # noqa: ANN401 - JSON
    """Return Terraform's JSON type of an attribute. Only the getter tells that of a computed one."""
    if match := _STORAGE_CLASS.match(storage):
        type_: Any = _SCALARS[match[1]]
        wrappers = re.findall("List|Map", match[2])
        for depth, wrapper in enumerate(wrappers, 1):
            outermost_set = container == "set" and depth == len(wrappers)
            type_ = ["set" if outermost_set else wrapper.lower(), type_]
        return type_
    if argument.nested in _MAP_CLASSES:
        return ["map", _MAP_CLASSES[argument.nested]]
    if not argument.nested:
        return _SIMPLE_GETTERS.get(argument.getter, "dynamic")
    content = _struct(source, path, argument.nested)["attributes"]
    value = ["object", {name: type_ for name, (_, type_) in content.items()}]
    if argument.nested.endswith("OutputReference"):
        return value
    collection = "map" if argument.nested.endswith("Map") else "set" if argument.is_set else "list"
    return [collection, value]


def read_package(path: Path) -> dict[str, Any]:
    """Return the entries of `provider_6.zip` from the package's .tgz file."""
    version = ""
    sources: dict[str, _Source] = defaultdict(_Source)
    with tarfile.open(path) as package:
        for member in package:
            content = package.extractfile(member)
            if content is None:
                continue
            if member.name == _MANIFEST:
                version = json.load(content)["cdktn"]["provider"]["version"]
            elif match := _FILE.match(member.name):
                read = _read_script if match[2] == "js" else _read_declaration
                read(content.read().decode(), sources[match[1]])
    values: dict[str, Any] = {"version": version}
    kinds = {"TerraformResource": "resource", "TerraformDataSource": "data"}
    for source in sources.values():
        for class_, type_ in source.types.items():
            if kind := kinds.get(source.kinds[class_]):
                values[f"{kind}/{type_}"] = _block(source, (class_,), f"{class_}Config", class_)
    return values


def main() -> None:
    """Fetch the package with npm and write the data file."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", PACKAGE]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - constants
        (package,) = Path(folder).glob("*.tgz")
        print(archive.write("provider_6.zip", read_package(package)))


if __name__ == "__main__":
    main()
