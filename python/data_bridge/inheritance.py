"""Families: a root class and its subclasses, stored in one collection and told apart by a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ir
from .errors import SchemaError
from .ir import stages
from .schema import CLASS_ID, admit, schema_of, stored_name, union_schema
from .settings import root_of, settings_of

if TYPE_CHECKING:
    from .document import Document

#: The members of each family by class id: the root first, then in the order of definition.
_FAMILIES: dict[type, dict[str, type]] = {}
#: What queries of a class give, until its family grows.
_REACHES: dict[tuple[type, bool], Reach] = {}
#: Stages that only the first place allows.
_FIRST_ONLY = frozenset({"$geoNear", "$search", "$searchMeta", "$vectorSearch"})


def register(cls: type[Document]) -> None:
    """Makes a new class known to its family, if it has one.

    Raises:
        SchemaError: another class has the same class id.
    """
    root = root_of(cls)
    if root is None:
        return
    if any(stored_name(name, field) == CLASS_ID for name, field in cls.model_fields.items()):
        raise SchemaError(f"{cls.__name__} stores a field as {CLASS_ID!r}, which says the class: name it otherwise")
    members = _FAMILIES.setdefault(root, {})
    class_id = class_id_of(cls)
    other = members.get(class_id)
    # The same class statement run again, as notebooks do, takes the old one's place.
    if other is not None and _name(other) != _name(cls):
        raise SchemaError(
            f"{_name(cls)} and {_name(other)} have the same class id {class_id!r}: give one of them another "
            "Settings.class_id"
        )
    members[class_id] = cls
    _REACHES.clear()
    for base in cls.__mro__:
        if base is not root and root_of(base) is root:
            admit(base, class_id)


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def class_id_of(cls: type) -> str:
    """What the documents of a family's class hold in `_class_id`, such as "Vehicle.Car"."""
    given = settings_of(cls).class_id
    if given is not None:
        return given
    if settings_of(cls).is_root:
        return cls.__name__
    root = root_of(cls)
    parent = next(base for base in cls.__mro__[1:] if root_of(base) is root)
    return f"{class_id_of(parent)}.{cls.__name__}"


def descendants(cls: type[Document]) -> list[type[Document]]:
    """The class and those below it, of a family; of any other class, itself alone."""
    root = root_of(cls)
    if root is None:
        return [cls]
    below = [member for member in _FAMILIES[root].values() if member is not cls and issubclass(member, cls)]
    return [cls, *below]


def family(cls: type[Document]) -> dict[str, type[Document]]:
    """All classes of the family by class id; none where there is no family."""
    root = root_of(cls)
    return {} if root is None else _FAMILIES[root]


class Reach:
    """Which classes' documents a query of a class gives; made by `reach_of`.

    Args:
        cls: the class.
        below: the class and those below it; otherwise the class alone.
    """

    __slots__ = ("classes", "cls", "condition", "mixed", "source")

    def __init__(self, cls: type[Document], below: bool) -> None:
        root, settings = root_of(cls), settings_of(cls)
        self.cls = cls
        self.classes = tuple(descendants(cls)) if below else (cls,)
        #: With its children a root stands for the whole collection: a class that is not known must not go unnoticed.
        whole = root is None or (below and cls is root)
        #: Documents may be of other classes than the query's.
        self.mixed = len(self.classes) > 1 or (whole and cls is root)
        #: What may be asked of the documents: the fields of each of the classes.
        self.source = ir.Source(settings.name, settings.database, union_schema(self.classes))
        #: The stage that tells by the discriminator; None where every stored document is given.
        self.condition = None if whole else stages.Match(self._of_classes())

    def _of_classes(self) -> ir.Expr:
        field = ir.Field(CLASS_ID, schema_of(self.cls).field(CLASS_ID), self.cls.__name__)  # type: ignore[arg-type]
        if len(self.classes) == 1:
            return ir.Compare("eq", field, ir.Literal(class_id_of(self.cls)))
        return ir.In(field, tuple(class_id_of(each) for each in self.classes))

    def narrowed(self, given: tuple[Any, ...]) -> tuple[Any, ...]:
        """The stages, with the condition before them, or behind a stage that must be the first."""
        if self.condition is None:
            return given
        place = 1 if given and _stage_name(given[0]) in _FIRST_ONLY else 0
        return (*given[:place], self.condition, *given[place:])


def reach_of(cls: type[Document], with_children: bool | None) -> Reach:
    """What a query of the class gives."""
    key = cls, bool(with_children)
    known = _REACHES.get(key)
    if known is None:
        known = _REACHES[key] = Reach(*key)
    return known


def _stage_name(stage: Any) -> Any:
    """MongoDB's name of a stage that the IR has no node for; None of others."""
    return next(iter(stage.value), None) if isinstance(stage, ir.Raw) else getattr(stage, "name", None)
