"""Operations: what a terminal method returns. Await one, or call its `run_sync()`.

One definition serves both worlds. An operation is a *script*, a generator that yields what must be waited for and
returns the result:

```python
def insert(document) -> Script[User]:
    yield call(document.before_insert)      # a user's hook, plain or async
    yield client.insert_request(document)   # a request: has `.start()` and `.wait()`
    return document
```
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Closing(Protocol):
    """What is closed at the end of a block, in either world."""

    async def __aexit__(self, *_: Any) -> None: ...
    def __exit__(self, *_: Any) -> None: ...


C = TypeVar("C", bound=Closing)


class Request(Protocol[T_co]):
    """Something to wait for, in either world."""

    def start(self) -> Awaitable[T_co]:
        """Starts it on the running event loop."""
        ...

    def wait(self) -> T_co:
        """Runs it and blocks."""
        ...


#: A generator that yields requests (operations are some), is sent what came of each, and returns the result.
Script: TypeAlias = Generator[Request[Any], Any, T]


class Operation(Generic[T]):
    """Work that has not begun: `await operation`, or `operation.run_sync()`. It runs once.

    Args:
        script: makes the generator that does the work; called when the operation is run.
        label: how the user wrote it, such as `User.find(...).to_list()`; for messages.
    """

    __slots__ = ("__weakref__", "_label", "_state", "_work")

    def __init__(self, script: Callable[[], Script[T]], label: str = "operation") -> None:
        self._work: Callable[[], Any] | None = script
        self._label = label
        self._state = "new"

    @classmethod
    def of(cls, request: Callable[[], Request[T]], label: str = "operation") -> Operation[T]:
        """The operation of a single request, which is made when the operation is run."""
        return _Single(request, label)  # type: ignore[arg-type]

    def _begin(self) -> Any:
        """What does the work.

        Raises:
            RuntimeError: it was run before.
        """
        if self._work is None:
            raise RuntimeError(f"{self._label} was already run: an operation runs once, so build it again")
        make, self._work = self._work, None
        self._state = "run"
        return make()

    def __await__(self) -> Generator[Any, Any, T]:
        script = self._begin()
        try:
            request = next(script)
            while True:
                try:
                    result = yield from request.start().__await__()
                except BaseException as error:
                    request = script.throw(error)
                else:
                    request = script.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            script.close()

    def run_sync(self) -> T:
        """Runs the operation and blocks until it is done; inside a running event loop, that loop is blocked too."""
        script = self._begin()
        try:
            request = next(script)
            while True:
                try:
                    result = request.wait()
                except BaseException as error:
                    request = script.throw(error)
                else:
                    request = script.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            script.close()

    def start(self) -> Operation[T]:
        """Itself: for scripts, which await what they start. Nothing is sent before."""
        return self

    def wait(self) -> T:
        """The same as `run_sync()`, for scripts."""
        return self.run_sync()

    # What only the result can do: an `await` was forgotten.

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self._label} is neither true nor false before it is run: {self._instead}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Operation):
            return self is other
        return self._not_compared(other)

    __hash__ = object.__hash__

    def _not_compared(self, other: object) -> NoReturn:
        raise TypeError(f"{self._label} cannot be compared with {other!r} before it is run: {self._instead}")

    __lt__ = __le__ = __gt__ = __ge__ = _not_compared

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self._label} has no length before it is run: {self._instead}")

    def __getitem__(self, key: Any) -> NoReturn:
        raise TypeError(f"nothing can be taken out of {self._label} before it is run: {self._instead}")

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self._label} cannot be iterated before it is run: {self._instead}")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(f"{self._label} has no {name!r} before it is run: {self._instead}")

    @property
    def _instead(self) -> str:
        return f"write `await {self._label}`, or `.run_sync()`"

    def __repr__(self) -> str:
        return f"<Operation {self._label} ({self._state})>"

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if getattr(self, "_work", None) is not None:
            _warn(
                f"operation {self._label} was never run: await it or call .run_sync()",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    def discard(self) -> None:
        """Gives the operation up without running it, and without a warning."""
        self._work = None
        self._state = "discarded"


class _Single(Operation[T]):
    """One request and nothing else, which is awaited without a generator between."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._begin().start().__await__()  # type: ignore[no-any-return]

    def run_sync(self) -> T:
        return self._begin().wait()  # type: ignore[no-any-return]


class Opening(Operation[C]):
    """An operation that opens what must be closed: `async with operation as it`, or `with`, runs it and closes it."""

    __slots__ = ("_opened",)

    async def __aenter__(self) -> C:
        self._opened = await self
        return self._opened

    async def __aexit__(self, *left: Any) -> None:
        await self._opened.__aexit__(*left)

    def __enter__(self) -> C:
        self._opened = self.run_sync()
        return self._opened

    def __exit__(self, *left: Any) -> None:
        self._opened.__exit__(*left)


def together(operations: Sequence[Operation[T]]) -> Any:
    """A request that runs operations at the same time; its answer is the list of theirs."""
    return _Together(operations)


class _Together:
    __slots__ = ("_operations",)

    def __init__(self, operations: Sequence[Operation[Any]]) -> None:
        self._operations = operations

    async def start(self) -> list[Any]:
        if len(self._operations) == 1:
            return [await self._operations[0]]
        return await asyncio.gather(*self._operations)

    def wait(self) -> list[Any]:
        return [operation.run_sync() for operation in self._operations]


class _Pause:
    """A request of nothing: on a loop, other tasks have their turn."""

    __slots__ = ()

    async def start(self) -> None:
        await asyncio.sleep(0)

    def wait(self) -> None:
        pass


#: What scripts yield in long work that waits for nothing.
PAUSE = _Pause()


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A request that calls a user's function; what it returns is awaited when it is awaitable."""
    return _Call(function, args, kwargs)


class _Call:
    __slots__ = ("_args", "_function", "_kwargs")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    async def start(self) -> Any:
        answer = self._function(*self._args, **self._kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    def wait(self) -> Any:
        return _waited(self._function(*self._args, **self._kwargs))


def _waited(answer: Any) -> Any:
    """What a function gives in the end, inside a running event loop too."""
    if hasattr(answer, "start") and hasattr(answer, "wait"):
        return answer.wait()
    if inspect.iscoroutine(answer):
        return _run_coroutine(answer)
    if inspect.isawaitable(answer):
        raise RuntimeError(
            f"run_sync() cannot wait for {answer!r}, which belongs to an event loop: await the operation instead"
        )
    return answer


def _run_coroutine(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a user's async hook to its end, on a private event loop; in a private thread when this one has a loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(coroutine))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="data-bridge-hook")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
