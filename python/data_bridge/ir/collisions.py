"""Fields of one stage that stand in each other's place: no server takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .expressions import DocumentExpr
from .places import Place, wrong


def refuse_collisions(stage: str, fields: Sequence[tuple[str, Any]], at: Place = None) -> None:
    """Refuses fields of which one is the other, or is below it.

    Args:
        stage: what they are fields of, for the message.
        fields: paths, and what is computed there: the fields of a computed document count each by itself.
        at: where they stand in what is parsed.

    Raises:
        CompileError: two of them collide.
    """
    roots = {path for path, _ in fields}
    if len(roots) == len(fields) and not any("." in path for path in roots):
        return
    seen: dict[tuple[str, ...], str] = {}
    for names in sorted(tuple(path.split(".")) for path, _ in leaves(fields)):
        for length in range(1, len(names) + 1):
            above = seen.get(names[:length])
            if above is not None:
                raise _collision(stage, above, ".".join(names), at)
        seen[names] = ".".join(names)


def _collision(stage: str, above: str, path: str, at: Place) -> Exception:
    if above == path:
        said, hint = f"{stage} names {path!r} twice", "name it once"
    else:
        said, hint = f"{stage} names {above!r} and {path!r}, which is below it", f"leave out {above!r} or {path!r}"
    return wrong(said, (path, at) if at else None, hint, code="path_collision", whole=path)


def leaves(fields: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The fields by their whole paths, and what is given there; those of computed documents each by itself."""
    for path, given in fields:
        if type(given) is DocumentExpr and given.fields:
            yield from leaves((f"{path}.{name}", inner) for name, inner in given.fields.items())
        else:
            yield path, given
