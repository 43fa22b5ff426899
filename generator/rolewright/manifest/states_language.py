"""State machines that Step Functions would refuse: what states_language.yaml says, and where their states lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.yaml.load import PathInTree
    from rolewright.yaml.schema import Locate

_EXPRESSION = r"^\s*\{%.*%\}\s*$"
_WAITS = re.compile(r".*(\.sync(:2)?|\.waitForTaskToken)|arn:[^:]*:states:[^:]+:[^:]*:activity:.*", re.DOTALL)
_ANY_ERROR = "States.ALL"


@cache
def _language() -> Mapping[str, Any]:
    language: Mapping[str, Any] = load(Path(__file__).parent / "states_language.yaml").trees[0].data
    return language


@cache
def _schema(part: str, query: str) -> Schema:
    """Return the schema of a state of a type, or of a machine, with a query language."""
    language = _language()
    described = language["states"].get(part) or language[part]
    fields = described["fields"]
    if part in language["states"]:
        fields = {**language["common"], **fields, **(language["onward"] if described.get("onward") else {})}
    return Schema(
        {
            "type": "object",
            "required": described.get("required", []),
            "properties": {name: _kind(language["kinds"][kind], query) for name, kind in fields.items()},
            "additionalProperties": False,
        }
    )


def _kind(kind: Mapping[str, Any], query: str) -> Mapping[str, Any]:
    plain = {key: value for key, value in kind.items() if key != "expression"}
    if "expression" not in kind or query != "JSONata":
        return plain
    return {**plain, "type": [kind["type"], "string"], "pattern": _EXPRESSION}


def machine_findings(definition: Any, path: PathInTree, locate: Locate, *, express: bool) -> Iterator[Finding]:  # noqa: ANN401
    """Yield what Step Functions refuses in a definition that is at a path of a manifest."""
    query = definition.get("QueryLanguage") if isinstance(definition, dict) else None
    judge = _Judge(locate, "JSONata" if query == "JSONata" else "JSONPath")
    findings = list(judge.machine(definition, path, "machine", express=express))
    yield from findings
    if not findings and definition["States"] and not any(map(_ends, definition["States"].values())):
        remedy = "give a state `End: true`, or add one of type Succeed or Fail"
        yield judge.refused("no state ends the state machine", remedy, (*path, "States"), key=True)


def _ends(state: Mapping[str, Any]) -> bool:
    return state.get("End") is True or bool(_language()["states"][state["Type"]].get("ends"))


@dataclass(frozen=True)
class _Judge:
    """Looks at the state machines in a definition, one in another; `query` is the language of the outermost."""

    locate: Locate
    query: str

    def refused(self, message: str, remedy: str, path: PathInTree, *, key: bool = False) -> Finding:
        place = self.locate(path, key=key)
        return Finding("manifest-definition", message, remedy, place, ".".join(map(str, path)))

    def fields(self, part: str, query: str, data: Any, path: PathInTree) -> Iterator[Finding]:  # noqa: ANN401
        yield from _schema(part, query).findings(data, self.locate, "manifest", at=path)

    def machine(self, machine: Any, path: PathInTree, part: str, *, express: bool) -> Iterator[Finding]:  # noqa: ANN401
        yield from self.fields(part, self.query, machine, path)
        states = machine.get("States") if isinstance(machine, dict) else None
        if not isinstance(states, dict):
            return
        for name, state in states.items():
            at = (*path, "States", name)
            if len(str(name)) > 80:
                yield self.refused("a name of a state has at most 80 characters", "shorten it", at, key=True)
            yield from self.state(state, at, express=express)
        yield from self.ways(machine, path)

    def state(self, state: Any, path: PathInTree, *, express: bool) -> Iterator[Finding]:  # noqa: ANN401 - YAML
        types = _language()["states"]
        if not isinstance(state, dict) or state.get("Type") not in list(types):
            one_of = {"enum": list(types)}
            schema = Schema({"type": "object", "required": ["Type"], "properties": {"Type": one_of}})
            yield from schema.findings(state, self.locate, "manifest", at=path)
            return
        own = state.get("QueryLanguage")
        query = own if own in ("JSONPath", "JSONata") else self.query
        if self.query == "JSONata" and query == "JSONPath":
            message = "a state cannot have JSONPath where the whole state machine has JSONata"
            yield self.refused(message, "remove it, or that of the state machine", (*path, "QueryLanguage"))
        others = _language()["languages"][_other(query)]
        known = {key: value for key, value in state.items() if key not in others}
        for key in (key for key in state if key in others):
            yield self.refused(
                f"`{key}` is for {_other(query)}, and the query language of this state is {query}",
                f"write it as {query} has it" + ("" if self.query == "JSONata" else f", or set {_other(query)}"),
                (*path, key),
                key=True,
            )
        yield from self.fields(state["Type"], query, known, path)
        yield from self.together(state, types[state["Type"]], path)
        yield from self.errors(state, path)
        if query == "JSONPath":
            yield from self.templates(state, path)
        yield from self.inner(state, path, query, express=express)

    def together(self, state: Mapping[str, Any], described: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        """Yield the fields of which a state has to have one, and has none or several."""
        name = path[-1]
        if described.get("onward") and not {"Next", "End"} & state.keys():
            message = f"`{name}` has neither `Next` nor `End`"
            remedy = "add `Next` with the name of the state that follows, or `End: true`"
            yield self.refused(message, remedy, path, key=True)
        needed = described.get("one", [])
        onward = [["Next", "End"]] if described.get("onward") else []
        for group in [*onward, *needed, *described.get("one_at_most", [])]:
            given = [key for key in group if key in state]
            listed = " or ".join(f"`{key}`" for key in group)
            if len(given) > 1:
                message = f"`{name}` has {' and '.join(f'`{key}`' for key in given)}"
                yield self.refused(message, f"keep one of them: {listed}", (*path, given[-1]), key=True)
            elif not given and group in needed:
                yield self.refused(f"`{name}` has none of {listed}", "add one of them", path, key=True)

    def errors(self, state: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        """Yield the retriers and catchers for any error that are not the last, or that name other errors too."""
        for field in ("Retry", "Catch"):
            handlers = [entry for _, entry in _items(state.get(field))]
            for index, handler in enumerate(handlers):
                names = handler.get("ErrorEquals") if isinstance(handler, dict) else None
                at = (*path, field, index, "ErrorEquals")
                if not isinstance(names, list) or _ANY_ERROR not in names:
                    continue
                if len(names) > 1:
                    yield self.refused(f"{_ANY_ERROR} stands beside other errors", "name it alone, or leave it out", at)
                if index + 1 < len(handlers):
                    message = f"what follows {_ANY_ERROR} in `{field}` is never reached"
                    yield self.refused(message, "put the entry with it last", at)

    def templates(self, node: Any, path: PathInTree, *, inside: bool = False) -> Iterator[Finding]:  # noqa: ANN401
        """Yield the keys that end with .$ and whose value is no path; machines inside are looked at by themselves."""
        if isinstance(node, list):
            for index, inner in enumerate(node):
                yield from self.templates(inner, (*path, index), inside=inside)
        for key, value in node.items() if isinstance(node, dict) else ():
            if not inside and key in ("ItemProcessor", "Iterator", "Branches"):
                continue
            is_path = isinstance(value, str) and value.startswith(("$", "States."))
            if inside and str(key).endswith(".$") and not is_path:
                remedy = f"write a path such as $.name, or leave out the .$ of `{key}`"
                yield self.refused(f"`{key}` takes a path or an intrinsic function", remedy, (*path, key))
            yield from self.templates(value, (*path, key), inside=inside or key in _language()["templates"])

    def inner(self, state: Mapping[str, Any], path: PathInTree, query: str, *, express: bool) -> Iterator[Finding]:
        """Yield what is wrong with the machines inside a state, with its rules, and with what it waits for."""
        resource = state.get("Resource")
        if express and isinstance(resource, str) and _WAITS.fullmatch(resource):
            remedy = "leave out .sync or .waitForTaskToken, or let the state machine be a standard one"
            message = "what runs as an Express workflow waits for nothing that it starts, and for no activity"
            yield self.refused(message, remedy, (*path, "Resource"))
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield from self.machine(branch, (*path, "Branches", index), "machine", express=express)
        for field in ("ItemProcessor", "Iterator"):
            if isinstance(processor := state.get(field), dict):
                yield from self.processor(processor, (*path, field), express=express)
        rules = state.get("Choices")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            yield from self.rule(rule, (*path, "Choices", index), query, outermost=True)

    def processor(self, processor: Mapping[str, Any], path: PathInTree, *, express: bool) -> Iterator[Finding]:
        config = processor.get("ProcessorConfig")
        config = config if isinstance(config, dict) else {}
        at = (*path, "ProcessorConfig")
        if config.get("Mode") == "DISTRIBUTED":
            if express:
                message = "what runs as an Express workflow has no distributed map"
                yield self.refused(message, "use the mode INLINE, or a standard state machine", (*at, "Mode"))
            if config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
                message = "a distributed map has to say how its items run"
                yield self.refused(message, "add `ExecutionType: STANDARD`, or EXPRESS", at, key=True)
        inside = express or (config.get("Mode") == "DISTRIBUTED" and config.get("ExecutionType") == "EXPRESS")
        yield from self.machine(processor, path, "processor", express=inside)

    def rule(self, rule: Any, path: PathInTree, query: str, *, outermost: bool) -> Iterator[Finding]:  # noqa: ANN401
        """Yield what is wrong with a rule of a Choice."""
        required = ["Next"] if outermost else []
        required += ["Condition"] if query == "JSONata" else []
        texts = {"Next": {"type": "string"}, "Condition": {"type": "string"}}
        schema = Schema({"type": "object", "required": required, "properties": texts})
        yield from schema.findings(rule, self.locate, "manifest", at=path)
        if query == "JSONata" or not isinstance(rule, dict):
            return
        known = _language()["comparisons"]
        tests = [key for key in rule if key not in known["beside"]]
        if len(tests) != 1:
            message = f"a rule of a Choice makes one comparison, and this one has {' and '.join(tests) or 'none'}"
            yield self.refused(message, "put several under `And` or `Or`", path)
            return
        (test,) = tests
        value = rule[test]
        if test in ("And", "Or", "Not"):
            listed = [((), value)] if test == "Not" else list(_items(value))
            if not listed:
                yield self.refused(f"`{test}` is a list of rules", "list rules", (*path, test))
            for step, part in listed:
                yield from self.rule(part, (*path, test, *step), query, outermost=False)
            return
        yield from self.comparison(test, rule, path)

    def comparison(self, test: str, rule: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        known = _language()["comparisons"]
        if not re.fullmatch(known["names"], test):
            remedy = "see the guide's page on the Choice state for the comparisons that there are"
            yield self.refused(f"`{test}` is no comparison of JSONPath", remedy, (*path, test), key=True)
            return
        type_ = next(type_ for start, type_ in known["types"].items() if test.startswith(start))
        wanted = {"type": "string", "pattern": r"^\$"} if test.endswith("Path") else {"type": type_}
        variable = {"type": "string", "pattern": r"^\$", "description": "a path begins with $"}
        document = {"required": ["Variable"], "properties": {test: wanted, "Variable": variable}}
        yield from Schema(document).findings(rule, self.locate, "manifest", at=path)

    def ways(self, machine: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        """Yield the targets that are no state of a machine, and the states that nothing leads to."""
        states = machine["States"]
        lost = [(at, to) for at, to in _targets(machine) if isinstance(to, str) and to not in states]
        for at, target in lost:
            inside = ", ".join(map(str, states))
            yield self.refused(f"`{target}` is not a state here", f"name one of: {inside}", (*path, *at))
        if lost or "StartAt" not in machine:
            return
        reached, waiting = set(), [machine["StartAt"]]
        while waiting:
            name = waiting.pop()
            if isinstance(name, str) and name in states and name not in reached:
                reached.add(name)
                waiting += [target for _, target in _onward(states[name], ())]
        for name in states:
            if name not in reached:
                message, remedy = f"nothing leads to the state `{name}`", "name it in a `Next`, or remove it"
                yield self.refused(message, remedy, (*path, "States", name), key=True)


def _other(query: str) -> str:
    return "JSONPath" if query == "JSONata" else "JSONata"


def _items(value: Any) -> Iterator[tuple[tuple[int], Any]]:  # noqa: ANN401 - YAML
    yield from (((index,), item) for index, item in enumerate(value if isinstance(value, list) else ()))


def _targets(machine: Mapping[str, Any]) -> Iterator[tuple[PathInTree, Any]]:
    """Yield every name of a state in a machine that says where it goes on, with its place."""
    yield ("StartAt",), machine.get("StartAt")
    for name, state in machine["States"].items():
        yield from _onward(state, ("States", name))


def _onward(state: Any, path: PathInTree) -> Iterator[tuple[PathInTree, Any]]:  # noqa: ANN401 - YAML
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        if field in state:
            yield (*path, field), state[field]
    entries: Sequence[str] = ("Catch", "Choices")
    for field in entries:
        for step, entry in _items(state.get(field)):
            if isinstance(entry, dict) and "Next" in entry:
                yield (*path, field, *step, "Next"), entry["Next"]
