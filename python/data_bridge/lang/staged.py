"""Stages and accumulators as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from .. import accumulators, ir, windows
from .. import stages as classes
from ..ir import stages
from ..ir.signatures import STAGES
from .computed import Computed, plain
from .conditions import call
from .written import NoForm, is_name, quoted


@cache
def _parameters(kind: str) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """By MQL name in small letters, each class's name and its parameters by theirs."""
    modules = (classes,) if kind == "stage" else (accumulators, windows)
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for module in modules:
        for name in module.__all__:
            own = vars(module)[name]
            taken = inspect.signature(own.__init__).parameters
            found[plain(getattr(own, "name", name))] = (name, {plain(each): each for each in taken if each != "self"})
    return found


class Staged(Computed):
    """Writes stages too."""

    def stage(self, node: Any) -> str:
        """A stage.

        Raises:
            NoForm: it cannot be written.
        """
        write = _WRITTEN.get(type(node))
        if write is None:
            raise NoForm(f"{type(node).__name__} has no form of its own")
        return write(self, node)

    def pipeline(self, nodes: Sequence[Any], other: type[Any] | None = None) -> str:
        """Stages inside another.

        Args:
            nodes: the stages.
            other: the class of their documents, where they are of another collection.
        """
        around, self.cls = self.cls, other or self.cls
        try:
            return f"[{', '.join(self.stage(node) for node in nodes)}]"
        finally:
            self.cls = around

    def keywords(self, named: Mapping[str, str], reserved: Sequence[str] = ()) -> list[str]:
        """Arguments by name; those whose names are none of Python's, in a dict."""
        plain_names = [name for name in named if is_name(name) and name not in reserved]
        others = [name for name in named if name not in plain_names]
        if any(name in reserved for name in others):
            raise NoForm("a name is that of another argument")
        # Their order is that of fields.
        if others:
            return ["**{" + ", ".join(f"{quoted(name)}: {text}" for name, text in named.items()) + "}"]
        return [f"{name}={text}" for name, text in named.items()]

    def projected(self, fields: Sequence[tuple[str, Any]]) -> list[str]:
        """What a projection keeps, drops and computes."""
        kept: list[str] = []
        rest = list(fields)
        while rest and rest[0][1] is True:
            kept.append(self.kept(rest.pop(0)[0]))
        named = {"id" if path == "_id" else path: self._projection(given) for path, given in rest}
        return [*kept, *self.keywords(named)]

    def kept(self, path: str) -> str:
        """A field that is kept."""
        return quoted(path)

    def _projection(self, given: Any) -> str:
        if given is True or given is False:
            return str(int(given))
        if type(given) is ir.Literal and isinstance(given.value, int) and given.value in (0, 1):
            raise NoForm("a number there keeps or drops the field")
        return self.value(given)

    def _sort(self, node: Any) -> str:
        return call("Sort", *self.keyed(node.keys))

    def keyed(self, keys: Sequence[tuple[str, int]]) -> list[str]:
        """Sort keys."""
        if all(is_name(path) for path, _ in keys):
            return [f"{path}={direction!r}" for path, direction in keys]
        return [f"({quoted(path)}, {direction!r})" for path, direction in keys]

    def _set(self, node: Any) -> str:
        return call("Set", *self.assigned(node.fields))

    def assigned(self, fields: Sequence[tuple[str, Any]]) -> list[str]:
        """Fields and their values."""
        texts = {path: self.value(given) for path, given in fields}
        if len(texts) == len(fields) and all(is_name(path) for path in texts):
            return [f"{path}={text}" for path, text in texts.items()]
        return ["{" + ", ".join(f"{quoted(path)}: {text}" for path, text in texts.items()) + "}"]

    def _group(self, node: Any) -> str:
        by = "" if node.by is None else self.value(node.by)
        outputs = {name: self.accumulator(each.name, each.operand) for name, each in node.outputs}
        return call("Group", *([f"by={by}"] if by else []), *self.keywords(outputs, ("by",)))

    def accumulator(self, name: str, operand: Any) -> str:
        """An accumulator or a window function."""
        if name == "$count":
            return "Count()"
        known = _parameters("accumulator").get(plain(name))
        if known is None:
            raise NoForm(f"there is no accumulator {name}")
        own, parameters = known
        if operand is None or operand == {}:
            return call(own)
        if isinstance(operand, dict):
            return call(own, **self.by_parameter(parameters, operand))
        if isinstance(operand, tuple):
            return call(own, *(self.argument(each) for each in operand))
        return call(own, self.argument(operand))

    def output(self, body: Mapping[str, Any]) -> str:
        """An output as it stands in a stage's body, with its window."""
        [(name, operand), *rest] = body.items()
        text = self.accumulator(name, operand)
        if not rest:
            return text
        [(_, window)] = rest
        [(kind, bounds), *unit] = window.items()
        named = {kind: self.literal(tuple(bounds)), **{key: self.literal(item) for key, item in unit}}
        return f"{text}.{call('over', **named)}"

    def argument(self, node: Any) -> str:
        return super().argument(node) if isinstance(node, ir.Expr) else self.part(node)

    def part(self, given: Any) -> str:
        """A part of a stage's body: constants, with expressions and stages in them."""
        if isinstance(given, ir.Literal):
            return self.constant(given)
        if isinstance(given, ir.Expr):
            return self.value(given)
        if isinstance(given, stages.Stage):
            return self.stage(given)
        if isinstance(given, Mapping):
            return "{" + ", ".join(f"{quoted(key)}: {self.part(item)}" for key, item in given.items()) + "}"
        if isinstance(given, (list, tuple)):
            return f"[{', '.join(self.part(item) for item in given)}]"
        return self.literal(given)

    def _lookup(self, node: Any) -> str:
        collection, local, foreign, let, pipeline, name = node._parts()
        named = {"local": local, "foreign": foreign, "name": name}
        texts = {key: quoted(text) for key, text in named.items() if text is not None}
        if pipeline is not None:
            texts["pipeline"] = self.pipeline(pipeline, getattr(node, "other", None))
        if let:
            texts["let"] = "{" + ", ".join(f"{quoted(key)}: {self.value(item)}" for key, item in let.items()) + "}"
        return call("Lookup", self.others(node, collection), **texts)

    def others(self, node: Any, collection: str) -> str:
        """The other collection that a stage reads: its class where it was given, and else its name."""
        cls = getattr(node, "other", None)
        return cls.__name__ if cls is not None and self.names(cls) else quoted(collection)

    def names(self, cls: type[Any]) -> bool:
        """Whether a class can be written by its name, and is none of another one."""
        return False

    def _generic(self, node: Any) -> str:
        name, body = node._parts()
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, body)
        known = _parameters("stage").get(plain(name))
        if known is None:
            raise NoForm(f"there is no stage {name}")
        own, parameters = known
        if isinstance(body, Mapping) and STAGES[name].shape == "single":
            return call(own, self.part(body))
        if isinstance(body, Mapping):
            texts = self.by_parameter(parameters, body)
            if name == "$graphLookup":
                texts[parameters["from"]] = self.others(node, body["from"])
            return call(own, **texts)
        return call(own, self.argument(body))

    def _facet(self, node: Any) -> str:
        return call("Facet", *self.keywords({name: self.pipeline(nodes) for name, nodes in node.outputs.items()}))

    def _union(self, node: Any) -> str:
        collection = "" if node.collection is None else self.others(node, node.collection)
        inner = self.pipeline(node.pipeline, getattr(node, "other", None)) if node.pipeline else ""
        return call("UnionWith", collection=collection, pipeline=inner)

    def _buckets(self, name: str, body: Mapping[str, Any]) -> str:
        named = {"by" if key == "groupBy" else key: self.part(item) for key, item in body.items() if key != "output"}
        outputs = {key: self.output(item) for key, item in body.get("output", {}).items()}
        return call(name, *(f"{key}={text}" for key, text in named.items()), *self.keywords(outputs, tuple(named)))

    def _windows(self, body: Mapping[str, Any]) -> str:
        named: dict[str, str] = {}
        if "partitionBy" in body:
            named["partition_by"] = self.value(body["partitionBy"])
        if "sortBy" in body:
            named["sort_by"] = self.literal(body["sortBy"])
        outputs = {key: self.output(item) for key, item in body["output"].items()}
        texts = [f"{key}={text}" for key, text in named.items()]
        return call("SetWindowFields", *texts, *self.keywords(outputs, ("partition_by", "sort_by")))

    def _merge(self, body: Mapping[str, Any]) -> str:
        named = {"into": self.target(body["into"])}
        if "on" in body:
            named["on"] = self.literal(body["on"])
        if "let" in body:
            named["let"] = self.part(body["let"])
        matched = body["whenMatched"]
        named["when_matched"] = quoted(matched) if isinstance(matched, str) else self.pipeline(matched)
        named["when_not_matched"] = quoted(body["whenNotMatched"])
        into = named.pop("into")
        return call("Merge", into, **named)

    def _out(self, body: Any) -> str:
        more = (
            {"timeseries": self.literal(body["timeseries"])}
            if "timeseries" in body and not isinstance(body, str)
            else {}
        )
        return call("Out", self.target(body), **more)

    def target(self, given: Any) -> str:
        """A collection that is written into."""
        return quoted(given) if isinstance(given, str) else self.literal((given["db"], given["coll"]))


_SPECIAL: Mapping[str, Callable[[Staged, Any], str]] = {
    "$replaceRoot": lambda self, body: call("ReplaceRoot", self.value(body["newRoot"])),
    "$bucket": lambda self, body: self._buckets("Bucket", body),
    "$bucketAuto": lambda self, body: self._buckets("BucketAuto", body),
    "$setWindowFields": Staged._windows,
    "$merge": Staged._merge,
    "$out": Staged._out,
    "$replaceWith": lambda self, body: call("ReplaceWith", self.value(body)),
    "$sortByCount": lambda self, body: call("SortByCount", self.value(body)),
}
_WRITTEN: Mapping[type, Callable[[Staged, Any], str]] = {
    stages.Match: lambda self, node: call("Match", self.condition(node.predicate)),
    stages.Project: lambda self, node: call("Project", *self.projected(node.fields)),
    stages.Set: Staged._set,
    stages.Unset: lambda _, node: call("Unset", *(quoted(path) for path in node.paths)),
    stages.Sort: Staged._sort,
    stages.Skip: lambda self, node: call("Skip", self.literal(node.count)),
    stages.Limit: lambda self, node: call("Limit", self.literal(node.count)),
    stages.Sample: lambda self, node: call("Sample", self.literal(node.size)),
    stages.Unwind: lambda _, node: call(
        "Unwind",
        quoted(node.path),
        index="" if node.index is None else quoted(node.index),
        preserve="True" if node.preserve else "",
    ),
    stages.CountStage: lambda _, node: call("Count", quoted(node.name)),
    stages.Group: Staged._group,
    stages.Lookup: Staged._lookup,
    stages.UnionWith: Staged._union,
    stages.Facet: Staged._facet,
    stages.GenericStage: Staged._generic,
    ir.Raw: lambda self, node: self.literal(node.value),
}
