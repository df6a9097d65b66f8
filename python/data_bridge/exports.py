"""Answers that are no documents: JSON and columns, made of the stored bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _core, ir
from .columns import column_layout
from .errors import CompileError
from .operation import Operation, Script

if TYPE_CHECKING:
    from polars import DataFrame
    from pyarrow import Table
    from pydantic import BaseModel

    from .document import Document
    from .inheritance import Reach


class Exports:
    """The methods of a query that give its answer in another form; a mixin of queries."""

    if TYPE_CHECKING:
        _cls: type[Document]
        _output: type[BaseModel] | None
        _single: bool

        def _with(self, *more: Any, **changes: Any) -> Any: ...
        def _reach(self) -> Reach: ...

        def _chosen(self) -> tuple[tuple[Any, ...], int]: ...
        def _layout(self) -> Any: ...
        def _read(self, terminal: str, path: str | None = None) -> ir.Read: ...
        def _run(self, node: ir.Plan, layout: Any = None) -> Any: ...
        def _terminal(self) -> str: ...
        def _as_operation(self) -> Operation[Any]: ...
        def _batches(self, layout: Any) -> AsyncGenerator[Any, None]: ...
        def _batches_sync(self, layout: Any) -> Iterator[Any]: ...

    def _fetches(self) -> bool:
        paths, depth = self._chosen()
        return bool(paths or depth)

    def to_json(self) -> Operation[bytes]:
        """The documents as a JSON array, or of `find_one` the document or `null`, as UTF-8.

        Each is what `model_dump_json(by_alias=True)` of the loaded document gives, and is written without loading it
        where the class has no serializers, computed fields or other ways of its own. Rows of no model have ids and
        Decimal128 as texts, and binary values in base64.

        Raises:
            DecodeError: a stored document does not fit its class, or a row holds what JSON has no form for.
        """
        label = f"{self._cls.__name__}.find(...).to_json()"

        def script() -> Script[bytes]:
            if self._fetches():
                loaded = yield self._as_operation()
                return _dumped(loaded)
            form = _core.JsonLayout(self._loading())
            answer = yield self._run(self._read(self._terminal()), form)
            text: bytes = answer if isinstance(answer, bytes) else answer[1]
            return text

        return Operation(script, label)

    def stream_json(self) -> JsonStream:
        """The same array in parts, one for each batch of the server's: `async for part in query.stream_json()`."""
        return JsonStream(self)

    def to_arrow(self) -> Operation[Table]:
        """The documents as a `pyarrow.Table`, a column for each field; needs the extra `arrow`.

        No Python object is made for a value. The values are those of the loaded documents; `data_bridge.columns` tells
        the types. Fetched links are ids here.

        Raises:
            ImportError: pyarrow is not installed.
            SchemaError: a field has no Arrow type.
            CompileError: the rows are of no model.
            DecodeError: a stored document does not fit its class or its columns; it names `_id` and path.
        """

        def script() -> Script[Table]:
            pyarrow = _imported("pyarrow", "arrow")
            columns = yield from self._columns()
            table: Table = pyarrow.table(columns)
            return table

        return Operation(script, f"{self._cls.__name__}.find(...).to_arrow()")

    def to_polars(self) -> Operation[DataFrame]:
        """The documents as a `polars.DataFrame`; needs the extra `polars`. Raises what `to_arrow` raises."""

        def script() -> Script[DataFrame]:
            polars = _imported("polars", "polars")
            columns = yield from self._columns()
            frame: DataFrame = polars.DataFrame(columns)
            return frame

        return Operation(script, f"{self._cls.__name__}.find(...).to_polars()")

    def _columns(self) -> Script[_core.ArrowTable]:
        model = self._output
        if model is None:
            raise CompileError(
                "rows of no model have no types to make columns of: give `output=Model`, or project into a model",
                code="no_model",
            )
        mixed = self._reach().classes if model is self._cls else ()
        layout = column_layout(self._loading(), model, mixed)
        many: Any = self._with(single=False).limit(1) if self._single else self
        answer = yield many._run(many._read(many._terminal()), layout)
        table: _core.ArrowTable = answer[1]
        return table

    def _loading(self) -> Any:
        """The layout of what is written; what is lazy makes no difference."""
        layout = self._layout()
        return layout.layout if isinstance(layout, _core.LazyLayout) else layout


class JsonStream:
    """A query's answer as parts of one JSON array; iterate with `async for` or `for`.

    Args:
        query: what is read; its batches are the parts.
    """

    def __init__(self, query: Any) -> None:
        self._query = query

    async def __aiter__(self) -> AsyncIterator[bytes]:
        before = b"["
        async with aclosing(self._query._batches(self._layout())) as parts:
            async for part in parts:
                text = self._text(part)
                if text:
                    yield before + text
                    before = b","
        yield b"[]" if before == b"[" else b"]"

    def __iter__(self) -> Iterator[bytes]:
        before = b"["
        for part in self._query._batches_sync(self._layout()):
            text = self._text(part)
            if text:
                yield before + text
                before = b","
        yield b"[]" if before == b"[" else b"]"

    def _layout(self) -> Any:
        # Documents whose links are fetched are loaded.
        return (
            self._query._layout() if self._query._fetches() else _core.JsonLayout(self._query._loading(), array=False)
        )

    def _text(self, part: Any) -> bytes:
        return _joined(part) if isinstance(part, list) else part[1]


def _imported(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as missing:
        raise ImportError(f"this needs {module}: pip install data-bridge[{extra}]") from missing


def _joined(documents: list[Any]) -> bytes:
    return b",".join(_text_of(document) for document in documents)


def _dumped(answer: Any) -> bytes:
    if isinstance(answer, list):
        return b"[%b]" % _joined(answer)
    return b"null" if answer is None else _text_of(answer)


def _text_of(document: Any) -> bytes:
    """A loaded document; one that did not fit its class is a dict."""
    if isinstance(document, dict):
        return _core.JsonLayout(None).decode(_core.encode_document(document))
    text: str = document.model_dump_json(by_alias=True)
    return text.encode()
