"""What differs between a document and what is stored: the quick ways of finding it beside the plain one."""

from __future__ import annotations

import enum
from typing import Any

import bson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_serializer, field_validator

from data_bridge import Document, EmbeddedDocument, _core
from data_bridge.layout import layout_of

NAMES = st.sampled_from(["a", "b", "c", "", "$d", "e.f"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["x", 1.0])),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)
NOTHING = object()


def is_step(name: str) -> bool:
    return bool(name) and not name.startswith("$") and "." not in name


def same(left: Any, right: Any) -> bool:
    return bson.encode({"v": left}) == bson.encode({"v": right})


def differences(now: dict[str, Any], image: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """New values by path, field by field; None for what is gone."""
    found: dict[str, Any] = {}
    for name, value in now.items():
        old, path = image.get(name, NOTHING), prefix + name
        if old is not NOTHING and same(value, old):
            continue
        nested = isinstance(value, dict) and isinstance(old, dict) and all(map(is_step, [name, *value, *old]))
        found.update(differences(value, old, path + ".") if nested else {path: value})
    return {**found, **{prefix + name: None for name in image if name not in now}}


@given(DOCUMENTS, DOCUMENTS, st.booleans())
def test_differences_are_those_of_the_fields(now: dict[str, Any], image: dict[str, Any], related: bool) -> None:
    if related:
        image = {**now, **image}
    changes = _core.changes(bson.encode(now), bson.encode(image))
    expected = differences(now, image)
    assert changes.to_dict() == expected
    assert bool(changes) == bool(expected)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Part(EmbeddedDocument):
    text: str = "t"
    number: int | None = None


class Thing(Document):
    real: float = 1.0
    maybe: int | None = None
    must: int | None
    several: list[int] = Field(default_factory=lambda: [7])
    part: Part = Field(default_factory=Part)
    parts: list[Part] = []
    colour: Colour = Colour.RED
    named: str = Field("n", alias="other")
    anything: Any = 5
    doubled: int = 1
    lowered: str = "low"

    @field_serializer("doubled")
    def as_stored(self, value: int) -> int:
        return value * 2

    @field_validator("lowered")
    @classmethod
    def lower(cls, value: str) -> str:
        return value.lower()


class Keeping(Thing):
    class Settings:
        keep_nulls = True


INTEGERS = st.integers(0, 2)
PARTS = st.fixed_dictionaries({}, optional={"text": st.sampled_from(["t", "u"]), "number": st.none() | INTEGERS})
#: By stored name: what may be stored, with forms that come back otherwise (an integer of a float, an upper case).
STORED: dict[str, st.SearchStrategy[Any]] = {
    "real": st.sampled_from([1.0, 2.5, 2]),
    "maybe": st.none() | INTEGERS,
    "several": st.lists(INTEGERS, max_size=2),
    "part": PARTS | st.just({"text": "t", "unknown": 1}),
    "parts": st.lists(PARTS, max_size=2),
    "colour": st.sampled_from(["red", "blue"]),
    "other": st.sampled_from(["n", "m"]),
    "anything": VALUES,
    "doubled": INTEGERS,
    "lowered": st.sampled_from(["low", "UP"]),
    "unknown": INTEGERS,
}
ASSIGNED: dict[str, st.SearchStrategy[Any]] = {
    "real": st.sampled_from([1.0, 2.0, 2.5]),
    "maybe": st.none() | INTEGERS,
    "must": st.none() | INTEGERS,
    "several": st.lists(INTEGERS, max_size=2),
    "part": st.builds(Part, number=st.none() | INTEGERS),
    "parts": st.lists(st.builds(Part), max_size=2),
    "colour": st.sampled_from(Colour),
    "named": st.sampled_from(["n", "m"]),
    "anything": VALUES,
    "doubled": INTEGERS,
    "lowered": st.sampled_from(["low", "up", "UP"]),
}


def meet(left: str, right: str) -> bool:
    return left == right or left.startswith(right + ".") or right.startswith(left + ".")


@given(
    st.sampled_from([Thing, Keeping]),
    st.fixed_dictionaries({"_id": st.just(1), "must": st.none() | INTEGERS}, optional=STORED),
    st.fixed_dictionaries({}, optional=ASSIGNED),
)
def test_only_what_the_stored_document_does_not_say_is_a_change(
    cls: type[Document], stored: dict[str, Any], assigned: dict[str, Any]
) -> None:
    layout, image = layout_of(cls), bson.encode({**stored, "_id": bson.ObjectId(b"x" * 12)})
    document = layout.decode(image)
    for name, value in assigned.items():
        setattr(document, name, value)
    now = layout.encode(document)
    said = layout.encode(layout.decode(image))
    differing = _core.changes(now, image).to_dict()
    unsaid = _core.changes(now, said).to_dict()
    expected = {path: value for path, value in unsaid.items() if any(meet(path, other) for other in differing)}
    assert layout.changes(now, image).to_dict() == expected
