"""What only pydantic can read is read by the names it is stored under, at every depth."""

from __future__ import annotations

import collections
import datetime
import enum
import ipaddress
import itertools
import pathlib
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

import bson
import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    NaiveDatetime,
    RootModel,
    StringConstraints,
    Tag,
    ValidationInfo,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from data_bridge import Document, EmbeddedDocument
from data_bridge.errors import CompileError, DecodeError, EncodeError
from data_bridge.layout import layout_of


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Circle(EmbeddedDocument):
    kind: Literal["circle"] = "circle"
    id: int


class Square(EmbeddedDocument):
    kind: Literal["square"] = "square"
    width: int = Field(0, serialization_alias="w")


class Kept(BaseModel):
    number: int = Field(0, serialization_alias="n")


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    first_name: str = "x"


class Ways(BaseModel):
    first: int = Field(validation_alias=AliasChoices("one", AliasPath("two", 0)))
    second: int = Field(validation_alias=AliasPath("two", 1))
    third: int = Field(validation_alias="in", serialization_alias="out")


class Tagged(EmbeddedDocument):
    kind: Literal["tagged"] = Field("tagged", serialization_alias="k")


class AlsoTagged(EmbeddedDocument):
    kind: Literal["other"] = Field("other", serialization_alias="k")
    inner: Circle | None = None


class Wrapped(EmbeddedDocument):
    id: int

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, value: Any, handler: Any) -> Any:
        assert not isinstance(value, dict) or "_id" not in value
        return handler(value)

    @model_validator(mode="before")
    @classmethod
    def before(cls, value: Any) -> Any:
        assert not isinstance(value, dict) or "_id" not in value
        return value


class Tree(EmbeddedDocument):
    id: int
    kids: list[Tree] = []
    either: Tree | Kept | None = None


def same(value: Any) -> Any:
    return value


class First(BaseModel):
    tag: Literal["1"] = Field("1", serialization_alias="t")


class Second(BaseModel):
    tag: Literal["2"] = Field("2", serialization_alias="t")


class Third(BaseModel):
    tag: Literal["3"] = "3"
    t: str = "1"


class OfA(BaseModel):
    kind: Literal["of"] = Field("of", serialization_alias="K")
    sub: Literal["a"] = "a"


class OfB(BaseModel):
    kind: Literal["of"] = Field("of", serialization_alias="K")
    sub: Literal["b"] = "b"


class Alone(BaseModel):
    kind: Literal["alone"] = Field("alone", serialization_alias="K")


class Swapped(BaseModel):
    first: int = Field(0, serialization_alias="second")
    second: int = Field(1, serialization_alias="first")


class InRed(BaseModel):
    color: Literal[Color.RED] = Color.RED


class InBlue(BaseModel):
    color: Literal[Color.BLUE] = Color.BLUE


def tag_of(value: Any) -> str | None:
    return value.get("tag") if isinstance(value, dict) else value.tag


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    tags: set[str] = {"a"}
    pair: tuple[int, str] = (1, "a")
    day: datetime.date = datetime.date(2020, 1, 1)
    span: datetime.timedelta = datetime.timedelta(seconds=1)
    color: Color = Color.RED
    path: pathlib.PurePath = pathlib.PurePath("a")
    address: ipaddress.IPv4Address = ipaddress.IPv4Address("1.2.3.4")
    counts: collections.Counter[str] = collections.Counter("a")


WAYS = {"one": 1, "two": [0, 2], "in": 3}
ANNOTATIONS: list[tuple[Any, Any]] = [
    (Circle | Square, Square(width=5)),
    (Annotated[Circle | Square, Field(discriminator="kind")], Square(width=5)),
    (Annotated[Circle | Square, Field(discriminator="kind")], Circle(id=1)),
    (Annotated[Tagged | AlsoTagged, Field(discriminator="kind")], AlsoTagged(inner=Circle(id=2))),
    (Annotated[list[Circle], AfterValidator(lambda value: value)], [Circle(id=1)]),
    (Annotated[dict[str, Kept], BeforeValidator(lambda value: value)], {"a": Kept(number=3)}),
    (tuple[Circle, Kept], (Circle(id=1), Kept(number=4))),
    (Camel | int, Camel(firstName="Ann")),  # type: ignore[call-arg]  # pyright: ignore
    (Ways | int, Ways(**WAYS)),  # type: ignore[arg-type]
    (Wrapped | int, Wrapped(id=1)),
    (Tree | int, Tree(id=1, kids=[Tree(id=2)], either=Kept(number=3))),
    (RootModel[list[Circle]] | int, RootModel[list[Circle]]([Circle(id=1)])),
    (Json[list[int]] | int, "[1]"),
    (Annotated[Base64Bytes, AfterValidator(lambda value: value)], b"aGk="),
    (Literal[Color.RED] | int, Color.RED),
    (NaiveDatetime, datetime.datetime(2020, 1, 1)),
    (NaiveDatetime | None, datetime.datetime(2020, 1, 1)),
    (re.Pattern[str] | int, re.compile("a+", re.IGNORECASE)),
    (bson.Decimal128 | None, bson.Decimal128("1.5")),
    (bson.Regex, bson.Regex("a", "i")),
    (bson.Int64 | None, bson.Int64(5)),
    (Decimal | str, Decimal("1.5")),
    # A model that is named twice is only referred to.
    (tuple[Annotated[Swapped, AfterValidator(same)], Swapped], (Swapped(first=3), Swapped(second=4))),
    (tuple[Annotated[First, AfterValidator(same)] | int, First, Second], (First(), First(), Second())),
    (
        tuple[
            Annotated[
                Annotated[First, AfterValidator(same)] | Annotated[Second, AfterValidator(same)],
                Field(discriminator="tag"),
            ],
            First,
            Second,
        ],
        (Second(), First(), Second()),
    ),
    (Annotated[First | Third, Field(discriminator="tag")], Third()),
    (Annotated[First | Third, Field(discriminator="tag")], First()),
    (Annotated[Annotated[OfA | OfB, Field(discriminator="sub")] | Alone, Field(discriminator="kind")], OfB()),
    (Annotated[Annotated[OfA | OfB, Field(discriminator="sub")] | Alone, Field(discriminator="kind")], Alone()),
    (Annotated[Annotated[First, Tag("1")] | Annotated[Second, Tag("2")], Discriminator(tag_of)], Second()),
    (Annotated[InRed | InBlue, Field(discriminator="color")], InBlue()),
    (Strict | int, Strict()),
]


@pytest.mark.parametrize(("annotation", "value"), ANNOTATIONS)
@pytest.mark.parametrize("misfit", [False, True])
def test_what_was_stored_is_read_back(annotation: Any, value: Any, misfit: bool) -> None:
    cls: Any = create_model("Holder", __base__=Document, value=(annotation, ...), number=(int, 1))
    layout, document = layout_of(cls), cls(value=value)
    stored = layout.encode(document)
    if misfit:
        stored = bson.encode({**bson.decode(stored), "number": 1.0})
    read = layout.decode(stored)
    assert read == document
    assert type(read.value) is type(document.value)
    assert layout.encode(read) == layout.encode(document)


def test_a_class_that_pydantic_makes_is_read_by_stored_names() -> None:
    class Whole(Document):
        renamed: int = Field(validation_alias="in", serialization_alias="out")
        inner: Kept
        kids: list[Circle]

        @model_validator(mode="before")
        @classmethod
        def before(cls, value: Any) -> Any:
            assert value.keys() == {"id", "in", "inner", "kids"}
            return value

        @model_validator(mode="after")
        def after(self) -> Whole:
            return self

    whole = Whole(**{"id": bson.ObjectId(), "in": 1, "inner": Kept(number=2), "kids": [Circle(id=3)]})
    assert layout_of(Whole).decode(layout_of(Whole).encode(whole)) == whole


class Priced(Document):
    base: int = 10
    price: int = Field(default_factory=itertools.count().__next__)
    given: int

    @field_validator("given")
    @classmethod
    def above(cls, value: int, info: ValidationInfo) -> int:
        assert value > info.data["base"]
        return value * info.data["base"]


def test_a_function_that_reads_a_field_is_given_the_other_stored_values() -> None:
    layout = layout_of(Priced)
    read = layout.decode(bson.encode({"_id": bson.ObjectId(), "base": 3, "price": 1, "given": 4}))
    assert read.given == 12
    with pytest.raises(Exception, match="does not fit Priced at 'given': 1 validation error for Priced"):
        layout.decode(bson.encode({"_id": bson.ObjectId(), "base": 5, "price": 1, "given": 4}))


def test_to_read_a_field_by_a_function_makes_no_defaults_of_others() -> None:
    numbers = itertools.count()

    class Counted(Document):
        number: int = Field(default_factory=numbers.__next__)
        text: Annotated[str, AfterValidator(str.upper)] = "a"

    stored = bson.encode({"_id": bson.ObjectId(), "number": 7, "text": "b"})
    assert layout_of(Counted).decode(stored).text == "B"
    assert next(numbers) == 0


def test_settings_that_change_values_do_so_when_they_are_read() -> None:
    class ByValue(Document):
        model_config = ConfigDict(use_enum_values=True)

        color: Color

    class Stripped(Document):
        model_config = ConfigDict(str_strip_whitespace=True, str_to_lower=True)

        text: str
        texts: list[str] = []

    class Upper(Document):
        text: Annotated[str, StringConstraints(to_upper=True)]
        texts: list[Annotated[str, StringConstraints(strip_whitespace=True)]] = []

    class Checked(Document):
        model_config = ConfigDict(validate_default=True)

        number: int = "5"  # type: ignore[assignment]  # pyright: ignore

    class OneChecked(Document):
        number: int = Field("5", validate_default=True)  # type: ignore[assignment]  # pyright: ignore

    class Typed(Document):
        model_config = ConfigDict(extra="allow")
        __pydantic_extra__: dict[str, int]

    class Holding(Document):
        inner: ByEmbedded

    for cls, values in [
        (ByValue, {"color": "red"}),
        (Stripped, {"text": " A ", "texts": [" B"]}),
        (Upper, {"text": "a", "texts": [" B"]}),
        (Checked, {}),
        (OneChecked, {}),
        (Typed, {"more": "7"}),
        (Holding, {"inner": {"color": "red"}}),
    ]:
        id = bson.ObjectId()
        expected = cls.model_validate({"id": id, **values})
        read = layout_of(cls).decode(bson.encode({"_id": id, **values}))
        assert read == expected
        assert repr(read) == repr(expected)


class ByEmbedded(EmbeddedDocument):
    model_config = ConfigDict(use_enum_values=True)

    color: Color


class Amount(Document):
    currency: str
    amount: str = Field(alias="value")
    hidden: int = Field(3, exclude=True)
    kept: list[Kept] = []

    @field_serializer("amount", "hidden")
    def told(self, value: Any) -> str:
        return f"{value} {self.currency}"

    @field_serializer("kept", mode="wrap")
    def wrapped(self, value: Any, handler: Any) -> Any:
        return handler(value)


def test_a_function_that_writes_a_field_is_given_the_whole_instance() -> None:
    layout, document = layout_of(Amount), Amount(currency="USD", amount="5", kept=[Kept(number=1)])
    stored = bson.decode(layout.encode(document))
    assert (stored["value"], stored["hidden"], stored["kept"]) == ("5 USD", 3, [{"n": 1}])
    assert layout.decode(layout.encode(document)).kept == document.kept


def test_a_set_that_cannot_hold_what_is_stored_is_refused_at_its_place() -> None:
    class Sets(Document):
        values: set[Any] = set()
        frozen: frozenset[Any] = frozenset()

    for name in ("values", "frozen"):
        with pytest.raises(DecodeError) as refused:
            layout_of(Sets).decode(bson.encode({"_id": bson.ObjectId(), name: [{"a": 1}]}))
        assert refused.value.path is not None
        assert refused.value.path.startswith(name)


def test_a_counter_holds_integers() -> None:
    class Words(Document):
        counts: collections.Counter[str]

    words = Words(counts=collections.Counter("abba"))
    assert layout_of(Words).decode(layout_of(Words).encode(words)) == words
    with pytest.raises(CompileError, match="is int"):
        assert Words.counts["a"] == "x"


def test_a_document_that_is_too_large_is_refused_without_a_path() -> None:
    class Large(Document):
        text: str

    with pytest.raises(EncodeError, match=r"^the document has"):
        layout_of(Large).encode(Large(text="x" * 17_000_000))


def test_regular_expressions_of_no_declared_type_stay_those_of_bson() -> None:
    class Loose(Document):
        values: dict = {}  # type: ignore[type-arg]
        number: int = 1

    stored = bson.encode({"_id": bson.ObjectId(), "values": {"x": bson.Regex("a")}, "number": 1.0})
    assert layout_of(Loose).decode(stored).values == {"x": bson.Regex("a")}


def test_what_is_stored_of_one_field_is_not_taken_for_another() -> None:
    class Crossed(Document):
        first: int = Field(0, alias="second")
        second: int = Field(7, alias="z")
        third: int | None = Field(None, validation_alias=AliasChoices("fourth", "c"))
        fourth: int = 8
        number: int = 1

    for number in (1, 1.0):
        read = layout_of(Crossed).decode(bson.encode({"_id": bson.ObjectId(), "second": 5, "number": number}))
        assert (read.first, read.second, read.third, read.fourth) == (5, 7, None, 8)
