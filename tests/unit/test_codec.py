"""The codec's errors, and bytes that lie."""

import dataclasses
import datetime
import enum
from typing import Any, Dict, List, Literal  # noqa: UP035

import bson
import pytest
from models import User, user
from pydantic import BaseModel, Field, PrivateAttr

from data_bridge import BackLink, Document, Link
from data_bridge._core import changes, decode_document, encode_document
from data_bridge.errors import DataBridgeError, DecodeError, EncodeError, SchemaError
from data_bridge.layout import layout_of

HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**63, "a.b: the integer is beyond 64 bits"),
        ("\ud800", "a.b: the text holds a lone surrogate"),
        ({"x\0y": 1}, "a.b: the key"),
        (object(), "a.b: a value of type object cannot be stored"),
        (HOLDS_ITSELF, "nested more than"),
        ({1: "a", "1": "b"}, "two keys are stored as"),
    ],
    ids=repr,
)
def test_what_cannot_be_stored_is_named(value: Any, said: str) -> None:
    with pytest.raises(EncodeError) as raised:
        encode_document({"a": {"b": value}})
    assert said in str(raised.value)


def test_a_document_beyond_16_mib_is_refused() -> None:
    with pytest.raises(EncodeError, match="the server stores at most"):
        encode_document({"a": b"x" * (16 * 1024 * 1024)})


def test_hostile_bytes_are_errors_and_nothing_worse() -> None:
    whole = encode_document(
        {"a": 1, "b": ["text", {"c": b"bytes"}], "d": bson.ObjectId(), "e": 1.5, "r": bson.Regex("x")}
    )
    for end in range(len(whole)):
        with pytest.raises(DecodeError):
            decode_document(whole[:end])
    for position in range(len(whole)):
        for wrong in (0, 1, 2, 0x7F, 0x80, 0xFF):
            hostile = whole[:position] + bytes([wrong]) + whole[position + 1 :]
            try:
                decode_document(hostile)
            except (DataBridgeError, ValueError, TypeError, bson.errors.BSONError):
                continue


def test_datetimes_come_back_aware_in_utc() -> None:
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    stored = encode_document({"t": datetime.datetime(2024, 1, 1, 12, tzinfo=berlin)})
    assert decode_document(stored)["t"] == datetime.datetime(2024, 1, 1, 11, tzinfo=datetime.UTC)


def test_a_stored_document_that_does_not_fit_is_named() -> None:
    stored = bson.decode(layout_of(User).encode(user(1, id=bson.ObjectId())))
    stored["address"]["city"] = 5
    with pytest.raises(DecodeError) as raised:
        layout_of(User).decode(encode_document(stored))
    assert raised.value.document_id == stored["_id"]
    assert raised.value.path == "address.city"


def test_pydantic_reads_what_is_stored_by_an_alias_for_dumps() -> None:
    class Renamed(Document):
        id: int
        name: str = Field(serialization_alias="visitorName")
        age: int

    stored = encode_document({"_id": 1, "visitorName": "Ann", "age": "5"})
    assert layout_of(Renamed).decode(stored).model_dump() == {"id": 1, "name": "Ann", "age": 5}


def test_a_class_whose_new_gives_an_instance_of_another_is_read_as_pydantic_reads_it() -> None:
    class Chosen(Document):
        id: int
        name: str

        def __new__(cls, *_: Any, **__: Any) -> Any:
            return super().__new__(Below if cls is Chosen else cls)

    class Below(Chosen):
        pass

    stored = {"_id": 1, "name": "a"}
    read = layout_of(Chosen).decode(encode_document(stored))
    assert type(read) is Below
    assert read == Chosen.model_validate({"id": 1, "name": "a"})


def test_changes_are_as_small_as_they_can_be() -> None:
    image = encode_document({"a": 1, "b": {"c": 1, "d": 2}, "gone": 1})
    now = encode_document({"a": 1, "b": {"c": 5, "d": 2}})
    assert changes(now, image).to_dict() == {"b.c": 5, "gone": None}
    assert not changes(now, now)


class Sized(Document):
    width: int
    height: int = Field(default_factory=lambda data: data["width"] * 2)


def test_a_default_made_of_other_values_is_made_of_what_is_stored() -> None:
    stored = layout_of(Sized).decode(bson.encode({"_id": bson.ObjectId(), "width": 3}))
    assert stored.height == 6
    assert stored.model_fields_set == {"id", "width"}


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Painted(Document):
    color: Literal[Color.RED]
    second: Literal[Color.BLUE, "none", None] = None


def test_members_of_enums_may_be_literals() -> None:
    painted = Painted(id=bson.ObjectId(), color=Color.RED, second=Color.BLUE)
    layout = layout_of(Painted)
    assert bson.decode(layout.encode(painted)) == {"_id": painted.id, "color": "red", "second": "blue"}
    assert layout.decode(layout.encode(painted)) == painted
    plain = Painted(id=painted.id, color=Color.RED, second="none")
    assert layout.decode(layout.encode(plain)) == plain
    assert layout.decode(bson.encode({"_id": painted.id, "color": "red", "second": None})).second is None


class Wide(enum.Enum):
    FEW = 1
    MANY = 2**70


class Unparameterized(Document):
    items: List  # type: ignore[type-arg]  # noqa: UP006
    names: Dict  # type: ignore[type-arg]  # noqa: UP006
    amount: Literal[1, 1180591620717411303424]
    wide: Wide


def test_whatever_pydantic_takes_has_a_layout() -> None:
    given = Unparameterized(id=bson.ObjectId(), items=[1, "a"], names={"a": 1}, amount=1, wide=Wide.FEW)
    layout = layout_of(Unparameterized)
    assert layout.decode(layout.encode(given)) == given


class Anything(Document):
    model: BaseModel | None = None


def test_a_model_of_any_class_is_refused_where_it_would_be_stored() -> None:
    assert Anything(model=Old(x=1)).model == Old(x=1)
    with pytest.raises(SchemaError, match="name the classes that it may hold"):
        layout_of(Anything)
    assert Anything.find({"model.x": 1}).plan().to_dict()
    assert Shelf.find(Shelf.name == "a").plan().to_dict()


class Old(BaseModel):
    x: int = Field(deprecated="it has another name")


class Older(Document):
    old: Old


def test_a_field_of_a_model_may_be_deprecated() -> None:
    stored = layout_of(Older).decode(bson.encode({"_id": bson.ObjectId(), "old": {"x": 3}}))
    assert vars(stored.old) == {"x": 3}
    assert bson.decode(layout_of(Older).encode(stored))["old"] == {"x": 3}


class Secret(Document):
    width: int
    _area: int = PrivateAttr(default_factory=lambda data: data["width"] ** 2)


def test_private_attributes_are_made_as_pydantic_makes_them() -> None:
    assert layout_of(Secret).decode(bson.encode({"_id": bson.ObjectId(), "width": 3}))._area == 9


class Shelf(Document):
    name: str
    books: list[BackLink["Tome"]] = BackLink(original_field="shelf")


class Tome(Document):
    shelf: Link[Shelf]


def test_what_is_assigned_to_one_document_is_assigned_to_no_other() -> None:
    bytes_ = bson.encode({"_id": bson.ObjectId(), "name": "a"})
    first, second = layout_of(Shelf).decode(bytes_), layout_of(Shelf).decode(bytes_)
    first.books = []
    assert first.model_fields_set == {"id", "name", "books"}
    assert second.model_fields_set == {"id", "name"}
    assert Shelf(id=bson.ObjectId(), name="b").model_fields_set == {"id", "name"}


@dataclasses.dataclass
class Point:
    x: int = 0


class Placed(Document):
    at: Point = Point()


def test_documents_do_not_share_a_default_that_can_change() -> None:
    empty = bson.encode({"_id": bson.ObjectId()})
    moved = layout_of(Placed).decode(empty)
    moved.at.x = 7
    assert layout_of(Placed).decode(empty).at == Point(0)
