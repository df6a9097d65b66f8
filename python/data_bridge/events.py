"""Hooks: methods of a document that are called before or after it is written.

```python
class User(Document):
    @before_event(Insert, Save)
    def tidy(self) -> None:
        self.name = self.name.strip()

    @after_event(Delete)
    async def tell(self) -> None:
        await notify(self.id)
```
"""

from __future__ import annotations

import difflib
import enum
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

from .operation import Script, call
from .per_class import per_class


class Event(enum.Enum):
    """What happens to a document."""

    INSERT = "insert"
    SAVE = "save"
    REPLACE = "replace"
    UPDATE = "update"
    DELETE = "delete"
    VALIDATE_ON_SAVE = "validate_on_save"


Insert = Event.INSERT
Save = Event.SAVE
Replace = Event.REPLACE
#: `update`, `set` and `inc` of a document.
Update = Event.UPDATE
Delete = Event.DELETE
#: The check of a document's values before it is inserted, saved or replaced.
ValidateOnSave = Event.VALIDATE_ON_SAVE


class Moment(enum.Enum):
    """When a hook is called."""

    BEFORE = "before"
    AFTER = "after"


Before = Moment.BEFORE
After = Moment.AFTER

#: Which hooks are not called: all (True), none, or some, by name, function or moment.
SkipHooks: TypeAlias = bool | Iterable[str | Moment | Callable[..., Any]]

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__data_bridge_events__"


def before_event(*events: Event | Iterable[Event]) -> Callable[[F], F]:
    """Makes a method, plain or async, one that is called before these events; what it raises stops the write.

    Raises:
        TypeError: something given is not an event.
    """
    return _marked(Before, events)


def after_event(*events: Event | Iterable[Event]) -> Callable[[F], F]:
    """Makes a method, plain or async, one that is called once these events happened."""
    return _marked(After, events)


def _marked(moment: Moment, given: Iterable[Event | Iterable[Event]]) -> Callable[[F], F]:
    given = tuple(given)
    if any(map(inspect.isfunction, given)):
        raise TypeError(f"{moment.value}_event needs an event: write @{moment.value}_event(Insert)")
    events = frozenset(_flat(given))
    if not events:
        raise TypeError(f"{moment.value}_event() needs an event: {_names()}")

    def mark(function: F) -> F:
        setattr(function, _MARK, (*getattr(function, _MARK, ()), (moment, events)))
        return function

    return mark


def _flat(given: Iterable[Event | Iterable[Event]]) -> Iterator[Event]:
    for each in given:
        if isinstance(each, Event):
            yield each
        elif isinstance(each, Iterable) and not isinstance(each, str):
            yield from _flat(each)
        else:
            raise TypeError(f"{each!r} is not an event: give {_names()}")


def _names() -> str:
    return ", ".join(event.name.title().replace("_", "") for event in Event)


@per_class
def hooks_of(cls: type) -> dict[str, Callable[..., Any]]:
    """The hooks of a class by name, those of its bases first; a subclass's method takes the place of its base's."""
    names = {name: None for base in reversed(cls.__mro__) for name, item in vars(base).items() if hasattr(item, _MARK)}
    found = {name: next(vars(base)[name] for base in cls.__mro__ if name in vars(base)) for name in names}
    return {name: function for name, function in found.items() if hasattr(function, _MARK)}


def run_hooks(document: Any, moment: Moment, events: frozenset[Event], skip: SkipHooks = False) -> Script[None]:
    """Calls a document's hooks of these events, each once, in the order of their definition.

    Raises:
        ValueError: `skip` names a hook that the class does not have.
    """
    cls: type = type(document)
    hooks = hooks_of(cls)
    if skip is True or (not hooks and not skip):
        return
    left_out = _left_out(cls, hooks, skip)
    for name, function in hooks.items():
        wanted = any(when is moment and of & events for when, of in getattr(function, _MARK))
        if wanted and name not in left_out and moment not in left_out:
            yield call(function, document)


def _left_out(cls: type, hooks: dict[str, Callable[..., Any]], skip: SkipHooks) -> set[str | Moment]:
    left_out: set[str | Moment] = set()
    if isinstance(skip, bool):
        return left_out
    for each in [skip] if isinstance(skip, (str, Moment)) else skip:
        named = each if isinstance(each, (str, Moment)) else each.__name__
        if isinstance(named, str) and named not in hooks:
            nearest = difflib.get_close_matches(named, hooks, n=1)
            guess = f"did you mean {nearest[0]!r}? " if nearest else ""
            raise ValueError(f"{cls.__name__} has no hook {named!r}; {guess}hooks: {', '.join(hooks) or 'none'}")
        left_out.add(named)
    return left_out
