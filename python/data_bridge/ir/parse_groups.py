"""Accumulators and window functions of MQL into the IR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import stages
from .collisions import refuse_collisions
from .expressions import Literal
from .mql import BARE
from .parse_expressions import Scope, argument_at, named_at, value_at
from .places import Place, is_dict, is_list, nearest, shown, wrong
from .signature import Signature
from .signatures import ACCUMULATORS, WINDOWS

_BOUNDS = ("unbounded", "current")


def accumulator_at(given: Any, scope: Scope, at: Place) -> stages.Accumulator:
    """What a group computes: `{"$sum": "$a"}`."""
    name, operand = _single(given, at)
    signature = _known(name, ACCUMULATORS, at)
    if signature.shape != "object" and is_list(operand):
        raise wrong(f"{name} takes one value, not {shown(operand)}", (name, at), 'write {"$concatArrays": [...]}')
    return stages.Accumulator(name, _operand(name, signature, operand, scope, (name, at)))


def check_output(name: Any, at: Place) -> None:
    """Refuses what cannot name a field that a stage makes."""
    if not isinstance(name, str) or "." in name or name.startswith("$") or "\0" in name:
        raise wrong(f"{name!r} cannot name a field that is made here", at)


def outputs_at(given: Any, scope: Scope, at: Place, windows: bool) -> dict[str, Any]:
    """The outputs of buckets or windows by name, as they stand in a stage's body."""
    if not is_dict(given):
        raise wrong(f"outputs are a dict of names and accumulators, not {shown(given)}", at)
    if not windows:
        for name in given:
            check_output(name, (name, at))
    refuse_collisions("the stage", list(given.items()), at)
    return {
        name: _window_at(each, scope, (name, at)) if windows else _body(accumulator_at(each, scope, (name, at)))
        for name, each in given.items()
    }


def _body(node: stages.Accumulator) -> dict[str, Any]:
    operand: Any = node.operand
    if operand is None:
        return {node.name: {}}
    if isinstance(operand, dict):
        # Constant documents, such as an order, stand as they are; as literals they would be quoted.
        operand = {name: _bare(item) for name, item in operand.items()}
    return {node.name: operand}


def _bare(node: Any) -> Any:
    constant = type(node) is Literal and isinstance(node.value, Mapping) and getattr(node, "spelling", "") == BARE
    return node.value if constant else node


def _window_at(given: Any, scope: Scope, at: Place) -> dict[str, Any]:
    if not is_dict(given):
        raise wrong(f"an output is a dict with an operator, not {shown(given)}", at)
    rest = {name: item for name, item in given.items() if name != "window"}
    name, operand = _single(rest, at)
    known = {**ACCUMULATORS, **WINDOWS}
    signature = _known(name, known, at)
    if signature.shape == "array" and is_list(operand):
        if len(operand) != len(signature.arguments):
            raise wrong(f"{name} takes {len(signature.arguments)} arguments, not {shown(operand)}", (name, at))
        found: Any = tuple(value_at(item, scope, 0, (place, (name, at))) for place, item in enumerate(operand))
        body = {name: found}
    else:
        body = _body(stages.Accumulator(name, _operand(name, signature, operand, scope, (name, at))))
    if "window" not in given:
        return body
    _check_window(given["window"], ("window", at))
    # In the order they were written.
    return {key: given["window"] if key == "window" else body[key] for key in given}


def _check_window(given: Any, at: Place) -> None:
    if not is_dict(given) or set(given) - {"documents", "range", "unit"}:
        raise wrong(f"a window is {{documents: [...]}} or {{range: [...], unit: ...}}, not {shown(given)}", at)
    for name in ("documents", "range"):
        bounds = given.get(name, [0, 0])
        whole = is_list(bounds) and len(bounds) == 2
        if not whole or any(isinstance(each, str) and each not in _BOUNDS for each in bounds):
            raise wrong(f"{name} takes two bounds, numbers or {' or '.join(_BOUNDS)}, not {shown(bounds)}", (name, at))


def _single(given: Any, at: Place) -> tuple[Any, Any]:
    if not is_dict(given) or len(given) != 1:
        raise wrong(f"an output is a dict with one operator, not {shown(given)}", at, 'write {"$sum": "$a"}')
    [(name, operand)] = given.items()
    return name, operand


def _known(name: Any, known: Mapping[str, Signature], at: Place) -> Signature:
    signature = known.get(name)
    if signature is None:
        hint = f"{nearest(name, known)} Raw({{...}}) passes a stage with any".strip()
        raise wrong(f"there is no accumulator {name!r}", (name, at), hint)
    return signature


def _operand(name: str, signature: Signature, operand: Any, scope: Scope, at: Place) -> Any:
    """The arguments as an accumulator's node holds them: nothing, one node, or nodes by name."""
    if not signature.arguments:
        if not is_dict(operand) or operand:
            raise wrong(f"{name} takes nothing: write {{}}, not {shown(operand)}", at)
        return None
    if signature.shape == "object":
        if not is_dict(operand):
            raise wrong(
                f"{name} takes its arguments by name, in a dict, not {shown(operand)}", at, f"arguments: {signature}"
            )
        return named_at(name, signature, operand, scope, 0, at)
    return argument_at(signature.arguments[0], operand, scope, 0, at)
