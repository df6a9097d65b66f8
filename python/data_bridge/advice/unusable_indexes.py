"""Indexes that exist and seem to fit, and why the server cannot use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .base import Advice, Case, words

Index = Mapping[str, Any]


def unusable_indexes(case: Case) -> list[Advice]:
    """For a query that scans or sorts: of each index on its fields, the first reason that keeps it out."""
    if not case.scans and case.sorting is None:
        return []
    found = []
    for index in case.indexes:
        if not set(index["key"]) & set(case.shape.paths):
            continue
        reasons = _WHEN_USED if index["name"] in case.plan.indexes else _WHEN_UNUSED
        why = next((why for reason in reasons if (why := reason(case, index))), None)
        if why is not None:
            message = f"index {index['name']} cannot be used: {why[0]}"
            found.append(Advice("unusable_indexes", message, why[1]))
    return found


#: Why an index cannot serve, and the code that would change it.
Why = tuple[str, str] | None


def _hidden(case: Case, index: Index) -> Why:
    if not index.get("hidden"):
        return None
    command = {"collMod": "...", "index": {"name": index["name"], "hidden": False}}
    return "it is hidden from the planner", f"unhide it: {command}"


def _wrong_prefix(case: Case, index: Index) -> Why:
    keys = list(index["key"])
    sort = [path for path, _ in case.shape.sort]
    if keys[0] in case.shape.paths or keys[0].startswith(("$", "_fts")):
        return None
    later = [key for key in keys if key in case.shape.paths]
    code = ""
    if not sort or keys[0] not in sort:
        code = f"{case.model}.find({case.model}.{keys[0]} == ..., ...)"
    return f"it begins with {keys[0]}, which the query does not name; {words(later)} can be used only after it", code


def _other_kind(case: Case, index: Index) -> Why:
    first = next(iter(index["key"]))
    kind = index["key"][first]
    needed = [term.kind for term in case.shape.terms if term.path == first]
    if kind == "hashed" and "equality" not in needed:
        return f"it is hashed, so it finds equal values of {first} and has neither ranges nor an order", ""
    if isinstance(kind, str) and kind != "hashed":
        return f"it is of the kind {kind}, which serves that kind's own operators only", ""
    return None


def _collation(case: Case, index: Index) -> Why:
    asked, has = case.options.get("collation"), index.get("collation")
    if _same_collation(asked, has) or not _compares_text(case):
        return None
    if asked is None:
        given = {key: has[key] for key in ("locale", "strength") if has and key in has}
        return f"its collation is {given} and the query has none", f".collation({given})"
    own = "none" if not has else str({key: has[key] for key in ("locale", "strength") if key in has})
    keys = [(path, way) for path, way in index["key"].items()]
    code = f"class Settings:\n    indexes = [IndexModel({keys}, collation={dict(asked)})]"
    return f"the query's collation is {dict(asked)} and the index's is {own}", code


def _same_collation(asked: Mapping[str, Any] | None, has: Mapping[str, Any] | None) -> bool:
    if not asked or not has:
        return (not asked or asked.get("locale") == "simple") and (not has or has.get("locale") == "simple")
    # The server lists an index's collation with its defaults; a strength of 3 is one of them.
    return all(has.get(key) == value for key, value in {"strength": 3, **asked}.items())


def _compares_text(case: Case) -> bool:
    values = [term.value for term in case.shape.terms]
    flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return bool(case.shape.sort) or any(isinstance(item, (str, dict, list)) for item in flat)


def _partial(case: Case, index: Index) -> Why:
    partial = index.get("partialFilterExpression")
    if not partial:
        return None
    missing = [path for path in partial if not path.startswith("$") and path not in case.shape.paths]
    said = f"the query does not name {words(missing)}" if missing else "the query does not imply that"
    code = f"{case.model}.find({partial!r}, ...)"
    return f"it is partial: only documents that meet {dict(partial)} are in it, and {said}", code


def _sparse(case: Case, index: Index) -> Why:
    if not index.get("sparse"):
        return None
    first = next(iter(index["key"]))
    message = f"it is sparse: documents without {first} are not in it, and the query may want them"
    return message, f"{case.model}.find({case.model}.{first}.exists(), ...)"


def _multikey(case: Case, index: Index) -> Why:
    """An index with several keys for one document has no single order of documents."""
    wanted = [path for path, _ in case.shape.sort]
    for stage in case.plan.stages:
        if stage.index != index["name"] or not stage.details.get("isMultiKey"):
            continue
        lists = [path for path, at in (stage.details.get("multiKeyPaths") or {}).items() if at]
        behind = set(lists) & set(wanted)
        if case.sorting is not None and behind and set(wanted) <= set(index["key"]):
            listed = words(sorted(behind))
            return f"for the order: {listed} holds lists, and a document has a key for each element (multikey)", ""
    return None


_WHEN_UNUSED: tuple[Callable[[Case, Index], Why], ...] = (
    _hidden,
    _wrong_prefix,
    _other_kind,
    _collation,
    _partial,
    _sparse,
)
_WHEN_USED: tuple[Callable[[Case, Index], Why], ...] = (_multikey,)
