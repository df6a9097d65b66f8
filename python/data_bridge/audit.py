"""Looking, in the server, for stored documents that do not fit their class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import requests
from ._core import DType, Schema
from .client import default_client
from .inheritance import class_id_of
from .operation import Operation, Script
from .schema import CLASS_ID, schema_of
from .settings import root_of, settings_of
from .trust import distrust, trust_audited
from .validator import is_kept, json_schema, schema_of_type

if TYPE_CHECKING:
    from .document import Document

_EXAMPLES = 5


@dataclass(frozen=True)
class Misfit:
    """Documents that break one promise of their class.

    Attributes:
        path: the stored path; empty for the document itself.
        problem: what is wrong there.
        count: how many documents have it.
        examples: ids of some of them.
    """

    path: str
    problem: str
    count: int
    examples: list[Any]

    def __str__(self) -> str:
        return f"{self.path or 'documents'}: {self.problem}, {self.count} documents such as {self.examples}"


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        misfits: what does not fit; empty when every document fits.
        trusted: whether plans may now rely on the schema: every document fits, and the collection's validator refuses
            others.
    """

    misfits: list[Misfit]
    trusted: bool

    def __bool__(self) -> bool:
        return not self.misfits

    def __str__(self) -> str:
        if self.misfits:
            return "\n".join(str(misfit) for misfit in self.misfits)
        return "every document fits" + ("" if self.trusted else "; no validator keeps it so: run sync_validator()")


@dataclass(frozen=True)
class _Promise:
    """A part of a schema, as a JSON schema of whole documents."""

    path: str
    problem: str
    schema: dict[str, Any]

    @property
    def broken(self) -> dict[str, Any]:
        return {"$nor": [{"$jsonSchema": self.schema}]}


def audit(cls: type[Document]) -> Operation[Audit]:
    """Scans the class's collection in the server; nothing is downloaded but counts and a few ids."""

    def script() -> Script[Audit]:
        schema = schema_of(cls)
        misfits = yield from _misfits(cls, schema)
        kept = not misfits and (yield from is_kept(cls))
        if kept:
            trust_audited(schema)
        else:
            distrust(schema)
        return Audit(misfits, schema.trust is not None)

    return Operation(script, f"{cls.__name__}.audit()")


def _misfits(cls: type[Document], schema: Schema) -> Script[list[Misfit]]:
    of_class = {} if root_of(cls) is None else {CLASS_ID: class_id_of(cls)}
    whole = {"$nor": [{"$jsonSchema": json_schema(schema, ())}]}
    promises = list(_promises(schema, (), (schema.name,)))
    counts = {str(at): [{"$match": promise.broken}, {"$count": "n"}] for at, promise in enumerate(promises)}
    rows = yield from _rows(cls, [{"$match": {**of_class, **whole}}, {"$facet": counts}])
    found = []
    for at, promise in enumerate(promises):
        if not rows[0][str(at)]:
            continue
        examples = yield from _rows(
            cls, [{"$match": {**of_class, **promise.broken}}, {"$limit": _EXAMPLES}, {"$project": {"_id": 1}}]
        )
        count = rows[0][str(at)][0]["n"]
        found.append(Misfit(promise.path, promise.problem, count, [row["_id"] for row in examples]))
    return found


def _rows(cls: type[Document], pipeline: list[dict[str, Any]]) -> Script[list[dict[str, Any]]]:
    settings = settings_of(cls)
    command = {"aggregate": settings.name, "pipeline": pipeline, "cursor": {}, "allowDiskUse": True}
    reply = yield requests.command(default_client(), settings.database, command)
    rows: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
    return rows


def _promises(schema: Schema, at: tuple[str, ...], above: tuple[str, ...]) -> Iterator[_Promise]:
    """Each thing that a schema says of the documents at a path."""
    names: dict[str, dict[str, Any]] = {}
    for name, dtype, required in schema.fields():
        names[name] = {}
        here = (*at, name)
        path = ".".join(here)
        if required:
            yield _Promise(path, "is missing", _inside(at, {"required": [name]}))
        inner = dtype.non_null()
        if inner.kind == "document" and inner.schema is not None and inner.schema.name not in above:
            kinds = ["object", "null"] if dtype.nullable else ["object"]
            yield _Promise(path, "is no document", _inside(here, {"bsonType": kinds}))
            yield from _promises(inner.schema, here, (*above, inner.schema.name))
        else:
            yield _Promise(
                path, f"is not {_described(schema, name, dtype)}", _inside(here, schema_of_type(schema, name, dtype))
            )
    if not schema.open:
        declared = {"additionalProperties": False, "properties": names if at else {**names, "_id": {}}}
        yield _Promise(".".join(at), "has fields that are not declared", _inside(at, declared))


def _described(schema: Schema, name: str, dtype: DType) -> str:
    values = schema.values(name)
    return str(dtype) if values is None else f"one of {values}"


def _inside(path: tuple[str, ...], schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema of what stands at a path, where documents lead there."""
    for name in reversed(path):
        schema = {"properties": {name: schema}}
    return schema
