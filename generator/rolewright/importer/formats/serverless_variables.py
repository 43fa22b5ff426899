"""Variables of Serverless, such as `${self:custom.x}` and `${opt:stage, 'dev'}`: what they give in each stage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file, real
from rolewright.core.finding import Rejected
from rolewright.importer.expression import PlaceName, SecretPart, SourceText, UnknownPart
from rolewright.importer.formats.serverless_stages import MISSING, Missing, at_stage, by_stage, text_of
from rolewright.importer.formats.serverless_syntax import alternatives, named_in, pieces
from rolewright.importer.functions import FOREIGN
from rolewright.importer.secret_values import looks_secret
from rolewright.importer.shapes import mapping, text
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.yaml.load import PathInTree

_DEPTH = 25
_MOST = 50_000
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SOURCE = re.compile(r"([A-Za-z][A-Za-z0-9]{0,40})(?:\(([^()]{0,400})\))?(?::(.{0,2000}))?", re.DOTALL)
_PSEUDO = {"AWS::AccountId": "account", "AWS::Region": "region", "AWS::Partition": "partition"}
_PLAIN = {"true": True, "false": False, "null": None}
_HERE = PlaceName("environment")


class ServerlessVariables:
    """The variables of one service.

    `stages` are the stages that its file names, the one without `--stage` first; one that is given is the only one.
    `used` are the paths that variables name, `spliced` the places where one stands for more than a text, with the words
    of it, and `assumed` the fallbacks that were taken.
    """

    def __init__(self, data: Mapping[str, Any], file: Path, parameters: Mapping[str, str]) -> None:
        self.data = data
        self.folder = real(file.parent)
        self.parameters = parameters
        self.used: set[tuple[str, ...]] = set()
        self.spliced: dict[PathInTree, str] = {}
        self.assumed: dict[str, None] = {}
        self.stages: tuple[str, ...] = ()
        self.unfit = ""
        self._stage = ""
        self._staged = False
        self._found: dict[str, None] = {}
        self._open: list[str] = []
        self._count = 0
        if "stage" in parameters:
            self.stages = (parameters["stage"],)
            return
        self.stages = (self._first_stage(), *self._declared())
        self.resolved()
        self.stages = tuple(dict.fromkeys((*self.stages, *self._found)))

    def _first_stage(self) -> str:
        """Return the stage without `--stage`; one that no environment may be called is kept as `unfit`."""
        raw = mapping(self.data.get("provider")).get("stage")
        if isinstance(raw, str) and raw.startswith("${opt:stage"):
            _, *fallbacks = alternatives(raw[2:-1])
            named = self._first(",".join(fallbacks)) if fallbacks else None
        else:
            named = self._value(raw)
        if isinstance(named, str) and not _STAGE.fullmatch(named):
            self.unfit = named
        return named if isinstance(named, str) and not self.unfit else "dev"

    def _declared(self) -> Iterator[str]:
        for section in ("params", "stages"):
            for name in mapping(self.data.get(section)):
                if name != "default" and _STAGE.fullmatch(str(name)):
                    yield str(name)

    def resolved(self) -> dict[str, Any]:
        """Return the document without variables: a value is plain, or a text of which a part is open."""
        self._count = 0
        return {key: self._value(value, (key,)) for key, value in self.data.items()}

    def region(self) -> Any:  # noqa: ANN401 - YAML
        """Return the region that the service is in without `--region`; None where it does not say one."""
        raw = mapping(self.data.get("provider")).get("region")
        if isinstance(raw, str) and raw.startswith("${opt:region"):
            _, *fallbacks = alternatives(raw[2:-1])
            raw = ",".join(fallbacks).strip()
            raw = raw[1:-1] if raw[:1] in ("'", '"') else f"${{{raw}}}" if raw else None
        return self._value(raw)

    def _value(self, raw: Any, path: PathInTree | None = None) -> Any:  # noqa: ANN401 - YAML
        self._count += 1
        if self._count > _MOST or len(self._open) > _DEPTH:
            return _unknown("what too many variables in one another stand for")
        match raw:
            case {"Fn::Sub": pattern} if len(raw) == 1:
                return {"Fn::Sub": self._substituted(pattern)}
            case dict():
                return {key: self._value(inner, path and (*path, key)) for key, inner in raw.items()}
            case list():
                return [self._value(inner, path and (*path, number)) for number, inner in enumerate(raw)]
            case str() if "${" in raw or "#{AWS::" in raw:
                found = self._text(raw)
                if path is not None and isinstance(found, dict | list):
                    self.spliced[path] = named_in(raw)
                return None if found is MISSING else found
            case _:
                return raw

    def _substituted(self, raw: Any) -> Any:  # noqa: ANN401 - YAML
        """Return the argument of Fn::Sub with variables in it as names of its own."""
        pattern, *own = raw if isinstance(raw, list) and raw else [raw]
        if not isinstance(pattern, str):
            return self._value(raw)
        values = mapping(self._value(own[0])) if own else {}
        written = ""
        for number, piece in enumerate(pieces(pattern)):
            if piece.startswith("${") and ":" in piece and not piece.startswith("${AWS::"):
                values = {**values, f"sls{number}": self._text(piece)}
                written += f"${{sls{number}}}"
            else:
                written += piece
        return [written, {key: value for key, value in values.items() if value is not MISSING}]

    def _text(self, raw: str) -> Any:  # noqa: ANN401 - YAML
        """Return a text without variables, or the value of the one variable that it is."""
        values = [self._variable(each) if each.startswith(("${", "#{")) else each for each in pieces(raw) if each]
        if len(values) == 1:
            return values[0]
        if MISSING in values:
            return _unknown(f"{named_in(raw)}, which has no value in the file")
        if any(isinstance(value, dict | list) for value in values):
            return _unknown(f"the text of {named_in(raw)}")
        whole = SourceText.of(*map(text_of, values))
        return whole if whole.literal is None else whole.literal

    def _variable(self, piece: str) -> Any:  # noqa: ANN401 - YAML
        inside = piece[2:-1]
        if inside in _PSEUDO:
            return SourceText((PlaceName(_PSEUDO[inside]),))  # type: ignore[arg-type]
        if ":" not in inside and "," not in inside and "(" not in inside:
            return piece
        if inside in self._open or len(self._open) > _DEPTH:
            return _unknown(f"{named_in(piece)}, which stands for itself")
        self._open.append(inside)
        try:
            return self._decided(inside)
        finally:
            self._open.pop()

    def _decided(self, inside: str) -> Any:  # noqa: ANN401 - YAML
        if self._stage:
            return self._first(inside)
        before, self._staged = self._staged, False
        value = self._first(inside)
        if self._staged and self.stages:
            values = {}
            for stage in self.stages:
                self._stage = stage
                values[stage] = self._first(inside)
            self._stage = ""
            value = by_stage(inside, values)
        self._staged = before
        return value

    def _first(self, inside: str) -> Any:  # noqa: ANN401 - YAML
        """Return the value of the first alternative that has one."""
        written = [part.strip() for part in alternatives(inside)]
        for number, alternative in enumerate(written):
            value = self._alternative(alternative)
            if value is not MISSING:
                source = written[0].partition(":")[0]
                address = written[0].rpartition(":")[2].rpartition(".")[2]
                if isinstance(value, str) and looks_secret(address, value):
                    return SourceText((SecretPart(f"the value of ${{{written[0]}}}"),))
                if number and source in ("env", "opt"):
                    self.assumed[written[0]] = None
                return value
        return MISSING if len(written) > 1 or inside.startswith(("self:", "file(", "param:")) else self._asked(inside)

    def _alternative(self, written: str) -> Any:  # noqa: ANN401 - YAML
        if len(written) > 1 and written[0] in "'\"" and written[-1] == written[0]:
            return self._text(written[1:-1]) if "${" in written else written[1:-1]
        if written.startswith("${") and written.endswith("}") and len([p for p in pieces(written) if p]) == 1:
            return self._variable(written)
        if written in _PLAIN or re.fullmatch(r"-?\d{1,15}", written):
            return _PLAIN[written] if written in _PLAIN else int(written)
        whole = self._address(written)
        if whole is None:
            return _unknown(named_in(f"${{{written}}}"))
        found = _SOURCE.fullmatch(whole)
        if found is None:
            return _unknown(named_in(f"${{{whole}}}"))
        return self._source(found[1], (found[2] or "").strip(" '\""), found[3] or "")

    def _address(self, written: str) -> str | None:
        """Return an address without variables in it; None where one of them is open."""
        value = self._text(written) if "${" in written else written
        if isinstance(value, SourceText) and _HERE in value.parts:
            if not self._stage:
                self._staged = True
                self._note_stages(value)
                return None
            value = SourceText.of(*(self._stage if part == _HERE else part for part in value.parts))
        if isinstance(value, SourceText):
            return (
                at_stage(value, self._stage)
                if self._stage and isinstance(at_stage(value, self._stage), str)
                else value.literal
            )
        return text(value) if not isinstance(value, Missing) else None

    def _note_stages(self, address: SourceText) -> None:
        """Note the stages that the keys of a map, or the names of files, tell of."""
        before, _, after = "".join(p if isinstance(p, str) else "\0" for p in address.parts).partition("\0")
        found: list[str] = []
        if before.startswith("self:"):
            found = self._stages_of_keys(before.removeprefix("self:"), after)
        elif before.startswith("file("):
            name, rest = before.removeprefix("file(").removeprefix("./"), after.partition(")")[0].replace("\0", "*")
            if ".." not in Path(f"{name}*{rest}").parts and not name.startswith("/"):
                found = self._stages_of_files(name, rest)
        self._found |= dict.fromkeys(k for k in found if k not in ("default", "other") and _STAGE.fullmatch(k))

    def _stages_of_keys(self, before: str, after: str) -> list[str]:
        """Return the keys of a map with which an address gives something."""
        used = set(self.used)
        parent, _, start = before.rpartition(".")
        there = {str(key): value for key, value in mapping(self._self(parent)).items() if str(key).startswith(start)}
        found = {key.removeprefix(start): value for key, value in there.items()}
        if after:
            fit = [key for key in found if self._self(f"{before}{key}{after}".replace("\0", key)) is not MISSING]
        else:  # all that `custom` has beside is no stage
            fit = [key for key, value in found.items() if "." in parent or isinstance(value, dict)]
        self.used = used
        return fit

    def _stages_of_files(self, before: str, after: str) -> list[str]:
        folder = self.folder / Path(f"{before}x").parent
        start = Path(f"{before}x").name[:-1]
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        fit = (name for name in names if name.startswith(start) and name.endswith(after))
        return [name[len(start) : len(name) - len(after)] for name in fit]

    # What a source gives

    def _source(self, source: str, argument: str, address: str) -> Any:  # noqa: ANN401, PLR0911 - one for each source
        match source:
            case "self":
                return self._self(address)
            case "opt" | "sls" if address == "stage":
                return SourceText((_HERE,))
            case "opt" | "aws" if address == "region":
                return SourceText((PlaceName("region"),))
            case "aws" if address == "accountId":
                return SourceText((PlaceName("account"),))
            case "opt" | "env":
                return self.parameters.get(address, MISSING)
            case "param":
                return self._param(address)
            case "file":
                return self._file(argument, address)
            case "strToBool":
                return _PLAIN.get(argument.lower(), MISSING)
            case _:
                return self._asked(f"{source}{f'({argument})' if argument else ''}:{address}")

    def _asked(self, inside: str) -> SourceText:
        """Return what a person has to look up; a secret for the sources that have secrets alone."""
        source, _, address = inside.partition(":")
        plain = address.partition("~")[0]
        if source.startswith("ssm"):
            name = plain.removeprefix("/aws/reference/secretsmanager/")
            if name != plain:
                return SourceText((SecretPart(f"the secret {name} of Secrets Manager"),))
            return SourceText((UnknownPart(f"the value of the SSM parameter {plain}"),))
        if source in ("vault", "doppler"):
            return SourceText((SecretPart(f"the secret {plain}"),))
        hint = f", which --parameter {plain}=VALUE gives" if source in ("env", "opt") else ""
        return SourceText((UnknownPart(f"the value of ${{{inside}}}{hint}"),))

    def _self(self, address: str) -> Any:  # noqa: ANN401 - YAML
        if address in ("provider.stage", "provider.region"):
            return SourceText((_HERE if address == "provider.stage" else PlaceName("region"),))
        steps = [step for step in re.split(r"[.\[\]]", address) if step]
        self.used.add(tuple(steps[:2]))
        return self._at(self.data, steps)

    def _at(self, data: Any, steps: list[str]) -> Any:  # noqa: ANN401 - YAML
        """Return what stands at a path; a variable on the way is resolved."""
        for step in steps:
            if isinstance(data, str):
                data = self._text(data)
            if isinstance(data, list) and step.isdecimal() and int(step) < len(data):
                data = data[int(step)]
            elif isinstance(data, dict) and step in data:
                data = data[step]
            elif isinstance(data, SourceText):
                return _unknown(f"{'.'.join(steps)} of a part that is not known")
            else:
                return MISSING
        return MISSING if data is None else self._value(data)

    def _param(self, name: str) -> Any:  # noqa: ANN401 - YAML
        if name in self.parameters:
            return self.parameters[name]
        tables = {key: self._params(key) for key in ("default", *self._declared())}
        if not self._stage and any(name in table for key, table in tables.items() if key != "default"):
            self._staged = True
            return MISSING
        value = tables.get(self._stage, {}).get(name, tables["default"].get(name))
        return MISSING if value is None else self._value(value)

    def _params(self, stage: str) -> dict[str, Any]:
        newer = mapping(mapping(mapping(self.data.get("stages")).get(stage)).get("params"))
        return {**mapping(mapping(self.data.get("params")).get(stage)), **newer}

    def _file(self, name: str, address: str) -> Any:  # noqa: ANN401 - YAML
        path = real(self.folder / name)
        if Path(name).suffix not in (".yml", ".yaml", ".json"):
            return _unknown(f"what {name} gives, which rolewright does not run")
        if not path.is_relative_to(self.folder):
            return _unknown(f"what {name} gives, which is outside of the folder of the service")
        if not is_file(path):
            return MISSING
        try:
            trees = load(path, name=name, dialect=FOREIGN).trees
        except Rejected:
            return _unknown(f"what {name} gives, which is no YAML that can be read")
        return self._at(trees[0].data if trees else None, [step for step in address.split(".") if step])


def _unknown(asked: str) -> SourceText:
    return SourceText((UnknownPart(asked),))
