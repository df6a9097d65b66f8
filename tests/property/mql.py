"""Random MQL of everything that the operator table has, in every way the server takes it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bson import Int64, ObjectId
from hostile import SCALARS
from hypothesis import strategies as st

from data_bridge.ir.operators import UPDATES
from data_bridge.ir.signature import Argument, Signature
from data_bridge.ir.signatures import ACCUMULATORS, EXPRESSIONS, STAGES, WINDOWS

S = st.SearchStrategy[Any]
#: Paths and variables as expressions have them.
READS = st.sampled_from(
    [
        "$a",
        "$b",
        "$a.x",
        "$a.0",
        "$a.$id",
        "$\xe9",
        "$\U0001f600.x",
        "$$ROOT",
        "$$CURRENT.a",
        "$$NOW",
        "$$this.x",
        "$$REMOVE",
    ]
)
TEXTS = st.sampled_from(["", "a", "\xe9", "\uffff", "\U0001f600", "a.x", "a$", "\n"])
#: Values that stand in expressions as they are: no text among them begins like a path.
CONSTANTS = (
    SCALARS.filter(lambda value: not (isinstance(value, str) and value.startswith("$")))
    | st.builds(Int64, st.integers(-(2**63), 2**63 - 1))
    | st.just(ObjectId(b"abcdefghijkl"))
)
#: Documents that no expression could be: keys with dots and dollars, and none.
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["", "a", "a.b", "$a", "$add", "\U0001f600"]), inner, max_size=2)
    ),
    max_leaves=3,
)
LITERALS = st.builds(lambda name, value: {name: value}, st.sampled_from(["$literal", "$const"]), ANYTHING)
LEAVES = READS | CONSTANTS | LITERALS
NAMES = st.sampled_from(["a", "item", "x1", "\xe9", "\U0001f600", "aB_9"])
FIELDS = st.sampled_from(["a", "b", "n", "", "\xe9", "\U0001f600"])
STORED = st.sampled_from(["a", "b", "n", "a.x", "\xe9", "\U0001f600.x", "a.0"])
DIRECTIONS = st.sampled_from([1, -1, 1.0, Int64(-1)])
ORDERS = st.dictionaries(STORED, DIRECTIONS, min_size=1, max_size=2)
FILTERS = st.builds(lambda path, op, value: {path: {op: value}}, STORED, st.sampled_from(["$gt", "$eq"]), SCALARS)


def shuffled(parts: S) -> S:
    """A document with its keys in another order."""
    return parts.flatmap(lambda given: st.permutations(list(given.items())).map(dict))


def computed_documents(inner: S) -> S:
    return st.dictionaries(FIELDS, inner, max_size=2)


@lru_cache
def expressions(leaves: int = 4) -> S:
    """Any expression, one in another."""
    return st.recursive(
        LEAVES,
        lambda inner: (
            st.sampled_from(sorted(EXPRESSIONS)).flatmap(lambda name: call(name, inner))
            | computed_documents(inner)
            | st.lists(inner, max_size=2)
        ),
        max_leaves=leaves,
    )


def call(name: str, inner: Any) -> S:
    """An operator with random arguments, in one of the shapes that the server takes."""
    signature = EXPRESSIONS[name]
    if name == "$literal":
        return LITERALS
    return operands(signature, inner, listed=True).map(lambda given: {name: given})


def of(inner: Any, argument: Argument) -> S:
    """What is drawn for an argument: the same for all, or by its type."""
    return inner(argument) if callable(inner) else inner


def operands(signature: Signature, inner: Any, listed: bool) -> S:
    """What stands under an operator; `listed`, perhaps in a list.

    Args:
        signature: what the operator takes.
        inner: expressions, or a function that gives them for an argument.
        listed: whether its arguments may stand in a list.
    """
    args = signature.arguments
    if callable(inner):
        return _of_types(signature, inner)
    bare = inner.filter(lambda given: not isinstance(given, list))
    if signature.shape == "object":
        shapes = named(signature, inner)
        if not args and listed:
            shapes |= st.just([])
        if signature.short in ("single", "alone"):
            # What is no operator would be read as names.
            alone = bare.filter(lambda given: not isinstance(given, dict) or next(iter(given), "").startswith("$"))
            shapes |= alone
            if signature.short == "single":
                shapes |= inner.map(lambda given: [given])
        if signature.short == "array":
            shapes |= st.tuples(*(inner for _ in args)).map(list)
        return shapes
    if signature.many is not None:
        least = max(signature.least, 0)
        shapes = st.lists(inner, min_size=least, max_size=least + 2) if listed else st.nothing()
        return shapes | bare if least <= 1 else shapes
    if signature.shape == "array" and len(args) > 1:
        positions = [st.tuples(*(inner for _ in range(count))) for count in range(signature.least, len(args) + 1)]
        shapes = st.one_of(positions).map(list)
        return shapes | bare if signature.least == 1 else shapes
    [argument] = args
    one = part(argument, inner)
    if signature.short == "alone":
        return one
    alone = one.filter(lambda given: not isinstance(given, list))
    return alone | one.map(lambda given: [given]) if listed else alone


def _of_types(signature: Signature, inner: Any) -> S:
    """Arguments of the types that an operator asks for, in its usual shape."""
    args = signature.arguments
    if signature.shape == "object":
        return named(signature, inner)
    if signature.many is not None:
        return st.lists(of(inner, args[0]), min_size=max(signature.least, 1), max_size=3)
    if signature.shape == "single":
        return part(args[0], inner).map(lambda given: [given] if isinstance(given, list) else given)
    counts = range(signature.least, len(args) + 1)
    return st.one_of([st.tuples(*(of(inner, each) for each in _placed(args, count))).map(list) for count in counts])


def _placed(args: tuple[Argument, ...], count: int) -> list[Argument]:
    """The arguments that so many positions stand for: those that may be missing are filled last."""
    spare = count - sum(not each.optional for each in args)
    chosen = []
    for each in args:
        if not each.optional or spare > 0:
            chosen.append(each)
            spare -= each.optional
    return chosen


def named(signature: Signature, inner: Any) -> S:
    required = {each.name: part(each, inner) for each in signature.arguments if not each.optional}
    optional = {each.name: part(each, inner) for each in signature.arguments if each.optional}
    return shuffled(st.fixed_dictionaries(required, optional=optional))


def part(argument: Argument, inner: Any) -> S:
    """What stands in an argument of an expression."""
    kind, inner = argument.types[0], of(inner, argument)
    branch = shuffled(st.fixed_dictionaries({"case": inner, "then": inner}))
    strategies: dict[str, S] = {
        "constant": ANYTHING,
        "code": TEXTS,
        "word": st.sampled_from(argument.words or ("textScore", "a")),
        "name": NAMES,
        "flag": st.booleans(),
        "sort": DIRECTIONS | ORDERS,
        "list": st.lists(inner, max_size=2),
        "variables": st.dictionaries(NAMES, inner, max_size=2),
        "branches": st.lists(branch, min_size=1, max_size=2),
        "body": inner | st.sampled_from(["$$this", "$$item.x", "$$value"]),
    }
    return strategies.get(kind, inner)


def accumulator(name: str, inner: S, table: dict[str, Signature] = ACCUMULATORS) -> S:
    signature = table[name]
    if signature.shape == "array":
        return st.tuples(*(inner for _ in signature.arguments)).map(lambda given: {name: list(given)})
    return operands(signature, inner, listed=False).map(lambda given: {name: given})


def accumulators(inner: S) -> S:
    return st.sampled_from(sorted(ACCUMULATORS)).flatmap(lambda name: accumulator(name, inner))


def window(name: str, inner: S) -> S:
    """An output over a window, with bounds or without."""
    bound = st.sampled_from(["unbounded", "current", -1, 2])
    bounds = st.tuples(bound, bound).map(list)
    windows = st.one_of(
        st.just({}),
        st.builds(lambda given: {"documents": given}, bounds),
        st.builds(lambda given: {"range": given, "unit": "day"}, bounds),
    )
    body = accumulator(name, inner, ACCUMULATORS | WINDOWS)
    return body | shuffled(st.builds(lambda given, over: {**given, "window": over}, body, windows))


def stage(name: str, inner: S) -> S:
    """A stage with a random body."""
    special = _STAGES.get(name)
    if special is not None:
        return special(inner).map(lambda body: {name: body})
    signature = STAGES[name]
    if signature.shape == "single":
        return stage_part(signature.arguments[0], inner).map(lambda body: {name: body})
    required = {each.name: stage_part(each, inner) for each in signature.arguments if not each.optional}
    optional = {each.name: stage_part(each, inner) for each in signature.arguments if each.optional}
    return shuffled(st.fixed_dictionaries(required, optional=optional)).map(lambda body: {name: body})


def pipelines_of(inner: S) -> S:
    return st.lists(
        st.sampled_from(["$match", "$set", "$limit", "$unset"]).flatmap(lambda name: stage(name, inner)), max_size=2
    )


def _paths(given: Any, above: str = "") -> list[str]:
    """The fields that a stage names, those of documents each by itself."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        return given
    found: list[str] = []
    for name, item in given.items():
        deeper = isinstance(item, dict) and item and not next(iter(item)).startswith("$")
        found += _paths(item, f"{above}{name}.") if deeper else [above + name]
    return found


def _are_apart(paths: list[str]) -> bool:
    """Whether none is another or below it: the server would not know which is meant."""
    named = [path.split(".") for path in paths]
    return not any(
        place != other and deeper[: len(path)] == path
        for place, path in enumerate(named)
        for other, deeper in enumerate(named)
    )


def apart(bodies: S) -> S:
    """Without bodies that name a field and one below it."""
    return bodies.filter(lambda body: _are_apart(_paths(body)))


def stage_part(argument: Argument, inner: S) -> S:
    kind = argument.types[0]
    all_windows = st.sampled_from(sorted(ACCUMULATORS | WINDOWS)).flatmap(lambda name: window(name, inner))
    strategies: dict[str, S] = {
        "constant": ANYTHING,
        "word": st.sampled_from(argument.words or ("x",)),
        "path": STORED,
        "paths": STORED | st.lists(STORED, min_size=1, max_size=2),
        "field": STORED,
        "flag": st.booleans(),
        "int": st.sampled_from([1, Int64(2), 3.0]),
        "number": st.sampled_from([1, 0.5, Int64(2)]),
        "collection": st.just("others"),
        "target": st.sampled_from(["others", {"db": "app", "coll": "others"}]),
        "query": FILTERS,
        "partition": inner.map(lambda given: {"by": given}),
        "search_filter": FILTERS,
        "pipeline": pipelines_of(inner),
        "pipelines": pipelines_of(inner).map(lambda given: {"pipelines": {"x": given}}),
        "variables": st.dictionaries(NAMES, inner, max_size=2),
        "sort": ORDERS,
        "geometry": st.sampled_from([[1, 2], {"type": "Point", "coordinates": [1, 2]}]),
        "range": st.sampled_from([{"step": 1, "bounds": "full"}, {"bounds": [1, 5], "unit": "day", "step": 2}]),
        "fills": st.dictionaries(
            STORED,
            st.sampled_from([{"method": "linear"}, {"method": "locf"}]) | inner.map(lambda given: {"value": given}),
            min_size=1,
            max_size=2,
        ).filter(lambda body: _are_apart(list(body))),
        "array": st.lists(inner, max_size=3),
        "accumulators": st.dictionaries(FIELDS, accumulators(inner), max_size=2),
        "windows": st.dictionaries(STORED, all_windows, max_size=2).filter(lambda body: _are_apart(list(body))),
        "when_matched": st.just("replace") | pipelines_of(inner),
    }
    return strategies.get(kind, inner)


def _holds_fields(given: Any) -> bool:
    """Whether a document can be stored field by field: the server refuses one without any there."""
    if not isinstance(given, dict) or next(iter(given), "").startswith("$"):
        return True
    return bool(given) and all(_holds_fields(item) for item in given.values())


def _stored(inner: S) -> S:
    """What a field is computed as."""
    return inner.filter(_holds_fields)


def _projection(inner: S) -> S:
    def nested(flags: S) -> S:
        leaf = flags | _stored(inner).filter(
            lambda given: not isinstance(given, (bool, int, float, dict)) and type(given).__name__ != "Decimal128"
        )
        return apart(
            st.dictionaries(
                st.sampled_from(["a", "b", "\xe9", "a.x"]),
                leaf | st.dictionaries(st.sampled_from(["x", "y.z"]), flags, min_size=1, max_size=2),
                min_size=1,
                max_size=3,
            )
        )

    kept = nested(st.sampled_from([1, True, 1.5, -1, Int64(1)]))
    dropped = apart(st.dictionaries(STORED, st.sampled_from([0, False, 0.0]), min_size=1, max_size=3))
    return kept | kept.map(lambda body: {**body, "_id": 0}) | dropped


def _group(inner: S) -> S:
    outputs = st.dictionaries(st.sampled_from(["n", "m", "\xe9", ""]), accumulators(inner), max_size=2)
    return shuffled(st.builds(lambda by, made: {"_id": by, **made}, inner, outputs))


def _lookup(inner: S) -> S:
    joined = {"localField": STORED, "foreignField": STORED}
    piped = {"let": st.dictionaries(NAMES, inner, max_size=2), "pipeline": pipelines_of(inner)}
    always = {"from": st.just("others"), "as": st.just("found")}
    return st.one_of(
        shuffled(st.fixed_dictionaries({**always, **joined}, optional=piped)),
        shuffled(st.fixed_dictionaries({"as": st.just("found"), "pipeline": pipelines_of(inner)})),
    )


_COUNTS = st.sampled_from([1, 5, 2.0, Int64(3)])
_STAGES: dict[str, Any] = {
    "$match": lambda inner: FILTERS | inner.map(lambda given: {"$expr": given}),
    "$project": _projection,
    "$set": lambda inner: apart(st.dictionaries(STORED, _stored(inner), max_size=2)),
    "$addFields": lambda inner: apart(st.dictionaries(STORED, _stored(inner), max_size=2)),
    "$unset": lambda _: STORED | apart(st.lists(STORED, min_size=1, max_size=2)),
    "$sort": lambda _: ORDERS | st.just({"a": 1, "score": {"$meta": "textScore"}}),
    "$skip": lambda _: _COUNTS,
    "$limit": lambda _: _COUNTS,
    "$sample": lambda _: _COUNTS.map(lambda size: {"size": size}),
    "$group": _group,
    "$unwind": lambda _: (
        st.just("$a")
        | shuffled(
            st.fixed_dictionaries(
                {"path": st.just("$a.x")},
                optional={"includeArrayIndex": STORED, "preserveNullAndEmptyArrays": st.booleans()},
            )
        )
    ),
    "$count": lambda _: st.sampled_from(["n", "\xe9"]),
    "$lookup": _lookup,
    "$unionWith": lambda inner: (
        st.just("others")
        | shuffled(st.fixed_dictionaries({"coll": st.just("others")}, optional={"pipeline": pipelines_of(inner)}))
    ),
    "$facet": lambda inner: st.dictionaries(
        st.sampled_from(["x", "\xe9"]), pipelines_of(inner), min_size=1, max_size=2
    ),
    "$merge": lambda inner: st.just("others") | named_merge(inner),
    "$out": lambda _: st.sampled_from(["others", {"db": "app", "coll": "others"}]),
}


def named_merge(inner: S) -> S:
    arguments = {each.name: stage_part(each, inner) for each in STAGES["$merge"].arguments}
    return shuffled(st.fixed_dictionaries({"into": arguments.pop("into")}, optional=arguments))


PLACES = st.sampled_from(["a", "b.x", "a.$.x", "a.$[].x", "a.$[one].x", "\xe9", "\U0001f600"])
_OPERANDS: dict[str, S] = {
    "value": ANYTHING,
    "nothing": st.sampled_from(["", 1, True, None]),
    "number": st.sampled_from([1, -0.5, Int64(2)]),
    "path": st.sampled_from(["c", "c.x"]),
    "date_type": st.sampled_from([True, {"$type": "date"}, {"$type": "timestamp"}]),
    "end": st.sampled_from([1, -1]),
    "bits": shuffled(st.fixed_dictionaries({"or": st.integers(0, 9)}, optional={"and": st.integers(0, 9)})),
    "element": SCALARS,
    "elements": st.lists(ANYTHING, max_size=2),
    "condition": SCALARS | st.builds(lambda value: {"$gte": value}, SCALARS) | FILTERS,
}
_EACH = shuffled(
    st.fixed_dictionaries(
        {"$each": st.lists(SCALARS, max_size=2)},
        optional={"$position": st.integers(-2, 2), "$slice": st.integers(-2, 2), "$sort": DIRECTIONS | ORDERS},
    )
)


def update(op: str) -> S:
    """An update operator on some paths."""
    operand = _OPERANDS[UPDATES[op][0]]
    if op == "$push":
        operand |= _EACH
    if op == "$addToSet":
        operand |= st.lists(SCALARS, max_size=2).map(lambda given: {"$each": given})
    return st.dictionaries(PLACES, operand, min_size=1, max_size=2).map(lambda fields: {op: fields})
