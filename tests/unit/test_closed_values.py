"""What is written into a field of an enum or a `Literal` is one of its values."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest

from data_bridge import Document, EmbeddedDocument, Push, Set
from data_bridge.closed_values import accepted_values
from data_bridge.errors import CompileError


class Role(enum.Enum):
    ADMIN = "admin"
    GUEST = "guest"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Part(EmbeddedDocument):
    kind: Literal["wheel", "door"]
    size: int = 0


class Thing(Document):
    role: Role
    level: Literal[1, 2, 3] = 1
    mood: Literal["calm", "wild"] | None = None
    roles: list[Role] = []
    part: Part | None = None
    parts: list[Part] = []
    by_name: dict[str, Literal["on", "off"]] = {}
    grid: list[list[Literal["x", "o"]]] = []
    mixed: Literal["auto"] | int = 0
    rights: Rights = Rights.READ
    text: str = ""


@pytest.mark.parametrize(
    ("annotation", "accepted"),
    [
        (Role, ["admin", "guest"]),
        (Literal["a", 1], ["a", 1]),
        (Literal["a", None], ["a"]),
        (Role | None, ["admin", "guest"]),
        (Annotated[Literal["a"], "said"] | list[Literal["b"]], ["a", "b"]),
        (tuple[Literal["a"], ...], ["a"]),
        (dict[str, Role], ["admin", "guest"]),
        (Literal["a"] | str, None),
        (list[Any], None),
        (Rights, None),
        (int, None),
    ],
)
def test_accepted_values(annotation: Any, accepted: list[Any] | None) -> None:
    assert accepted_values(annotation) == accepted


REFUSED: list[tuple[Callable[[], Any], str, str]] = [
    (
        lambda: Thing.role.set("admn"),
        "role",
        "Thing.role takes one of 'admin', 'guest', not 'admn'; did you mean 'admin'?",
    ),
    (lambda: Thing.role.set_on_insert("x"), "role", "Thing.role takes one of 'admin', 'guest', not 'x'"),
    (lambda: Thing.level.set(4), "level", "Thing.level takes one of 1, 2, 3, not 4"),
    (lambda: Thing.level.max(4), "level", "takes one of 1, 2, 3, not 4"),
    (lambda: Thing.level.min(0), "level", "takes one of 1, 2, 3, not 0"),
    (lambda: Thing.mood.set("mild"), "mood", "not 'mild'; did you mean 'wild'?"),
    (lambda: Thing.roles.push("x"), "roles", "takes one of 'admin', 'guest'"),
    (lambda: Thing.roles.push(each=["admin", "x"], slice=3), "roles", "not 'x'"),
    (lambda: Thing.roles.add_to_set(each=["x"]), "roles", "not 'x'"),
    (lambda: Thing.roles.set(["guest", "x"]), "roles", "not 'x'"),
    (lambda: Thing.roles[0].set("x"), "roles.0", "Thing.roles takes one of"),
    (lambda: Thing.part.kind.set("dor"), "part.kind", "Part.kind takes one of 'wheel', 'door', not 'dor'"),
    (lambda: Thing.part.set({"kind": "dor"}), "part", "Part.kind takes one of"),
    (lambda: Thing.parts.push({"kind": "dor", "size": 1}), "parts", "Part.kind takes one of"),
    (lambda: Thing.parts["$[]"].kind.set("dor"), "parts.$[].kind", "Part.kind takes one of"),
    (lambda: Thing.by_name["a"].set("of"), "by_name.a", "Thing.by_name takes one of 'on', 'off'"),
    (lambda: Thing.by_name.set({"a": "on", "b": "of"}), "by_name", "not 'of'"),
    (lambda: Thing.grid.push(["x", "y"]), "grid", "not 'y'"),
    (lambda: {"$set": {"role": "x"}}, "role", "takes one of"),
    (lambda: {"$push": {"roles": {"$each": ["x"]}}}, "roles", "takes one of"),
    (lambda: {"$set": {"parts.0.kind": "dor"}}, "parts.0.kind", "Part.kind takes one of"),
    (lambda: Set({Thing.role: "x"}), "role", "takes one of"),
    (lambda: Push({"roles": "x"}), "roles", "takes one of"),
]


@pytest.mark.parametrize(("update", "path", "said"), REFUSED)
def test_values_outside_are_refused(update: Callable[[], Any], path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        Thing.find().update(update())
    assert caught.value.path == path
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "update",
    [
        Thing.role.set("admin"),
        Thing.role.set(Role.GUEST),
        Thing.roles.push(each=[Role.GUEST, "admin"]),
        Thing.mood.set(None),
        Thing.level.set(3),
        Thing.parts.push({"kind": "door", "size": 2}),
        Thing.parts.push(Part(kind="door")),
        Thing.by_name.set({"a": "on"}),
        Thing.grid.push(["x", "o"]),
        Thing.mixed.set(7),
        Thing.rights.set(3),
        # What is taken away may be anything: it may be stored though the class does not allow it.
        Thing.roles.pull("old"),
        Thing.roles.pull_all(["old"]),
    ],
)
def test_others_are_written(update: Any) -> None:
    Thing.find().update(update).discard()


def test_comparisons_with_other_values_stand() -> None:
    # Stored documents may be older than the class: finding those is what such a filter is for.
    assert Thing.find(Thing.role == "old").plan().commands[0]["filter"] == {"role": "old"}
    assert Thing.find(Thing.roles.contains("old")).plan().commands[0]["filter"] == {"roles": "old"}
