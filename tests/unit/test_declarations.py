"""What a class of documents says of itself is looked at when it is defined, and the error says what to write."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pymongo import IndexModel

from data_bridge import BackLink, Document, EmbeddedDocument, Indexed, Link, before_event
from data_bridge.errors import SchemaError


class Part(EmbeddedDocument):
    n: int


def indexed_as_a_type() -> Any:
    class Broken(Document):
        email: Indexed(str, unique=True)  # type: ignore[valid-type]


def indexed_without_a_type() -> Any:
    class Broken(Document):
        email: Indexed(unique=True)  # type: ignore[valid-type]


def indexed_not_called() -> Any:
    class Broken(Document):
        email: Annotated[str, Indexed]


def misspelt_option() -> Any:
    Indexed(uniqe=True)


def strange_direction() -> Any:
    Indexed("asc")


def settings_in_small_letters() -> Any:
    class Broken(Document):
        class settings:
            name = "broken"


def settings_as_a_collection() -> Any:
    class Broken(Document):
        class Collection:
            name = "broken"
            indexes = ["n"]


def link_to_a_text() -> Any:
    class Broken(Document):
        name: Link[str]


def back_link_to_a_part() -> Any:
    class Broken(Document):
        parts: list[BackLink[Part]] = BackLink(original_field="x")


@pytest.mark.parametrize(
    ("declare", "told"),
    [
        (indexed_as_a_type, r"write Annotated\[str, Indexed\(unique=True\)\]"),
        (indexed_without_a_type, r"in the place of a type: write Annotated\[str, Indexed\(unique=True\)\]"),
        (indexed_not_called, r"Indexed was not called: write Annotated\[str, Indexed\(\)\]"),
        (misspelt_option, "an index has no option 'uniqe'; did you mean 'unique'"),
        (strange_direction, "the direction of an index is 1, -1 or one of 2d, .*, not 'asc'"),
        (settings_in_small_letters, "Broken.settings says name: call the inner class Settings"),
        (settings_as_a_collection, "Broken.Collection says indexes, name: call the inner class Settings"),
        (link_to_a_text, r"Link\[str\]: a link leads to a class of documents, which str is not"),
        (back_link_to_a_part, r"BackLink\[Part\]: a link leads to a class of documents, which Part is not"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_class(declare: Callable[[], Any], told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        declare()


def test_inner_classes_of_other_names_are_the_users_own() -> None:
    class Kept(Document):
        class Meta:
            verbose = True

        class Collection(EmbeddedDocument):
            name: str = ""

        collection_: Collection = Collection()

    assert Kept.settings().name == "Kept"


def test_a_hook_needs_an_event() -> None:
    with pytest.raises(TypeError, match=r"write @before_event\(Insert\)"):

        class Broken(Document):
            @before_event
            def hook(self) -> None: ...


@pytest.mark.parametrize("index", ["emial", [("email", 1), ("part.m", -1)], IndexModel([("emial", 1)], unique=True)])
def test_indexes_are_of_fields_that_there_are(index: Any) -> None:
    class Mistaken(Document):
        email: str
        part: Part
        by_name: dict[str, int] = {}

        class Settings:
            indexes = [index, "part.n", "by_name.x", [("$**", 1)]]

    # Nothing is sent: there is no connection.
    with pytest.raises(SchemaError, match=r"of Mistaken: \w+ has no field '(emial|m)'"):
        Mistaken.sync_indexes().run_sync()
