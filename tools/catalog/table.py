"""The operator table, read from `ir/catalog/*.toml` and checked."""

from __future__ import annotations

import keyword
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "ir" / "catalog"
KINDS = ("expressions", "accumulators", "windows", "queries", "updates", "stages")
_ARGUMENT = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>\w+)(\{(?P<least>\d+)\})?(?P<optional>\?)?(@(?P<since>[\d.]+))?: *(?P<types>.+)"
)
_WORDS = re.compile(r"word\((?P<words>[^)]*)\)")
_BODY = re.compile(r"body(\((?P<variables>[^)]*)\))?")


@dataclass(frozen=True)
class Argument:
    """One argument: its MQL name, the types that may stand there, and how often."""

    name: str
    types: tuple[str, ...]
    stars: str = ""
    least: int = 0
    optional: bool = False
    since: str = ""
    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    @property
    def python(self) -> str:
        """The name in Python: snake_case, and no keyword."""
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name.strip("_")).lower()
        return f"{snake}_" if keyword.iskeyword(snake) else snake


@dataclass(frozen=True)
class Operator:
    """One row of the table."""

    kind: str
    group: str
    key: str
    mql: str
    since: str
    doc: str
    shape: str = "single"
    short: str = ""
    arguments: tuple[Argument, ...] = ()
    returns: str = "any"
    null: str = "null"
    purity: str = "pure"
    order: str = "insensitive"
    method: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def bare(self) -> str:
        """The key without the underscore that keeps it from being a keyword."""
        return self.key.rstrip("_")

    @property
    def title(self) -> str:
        """The class name."""
        return "".join(part.capitalize() for part in self.bare.split("_"))


class Table(dict[str, list[Operator]]):
    """The operators of each kind, by group and name."""

    def groups(self, kind: str) -> dict[str, list[Operator]]:
        """A kind's operators, group by group."""
        found: dict[str, list[Operator]] = {}
        for operator in self[kind]:
            found.setdefault(operator.group, []).append(operator)
        return found


def load() -> Table:
    """The whole table.

    Raises:
        ValueError: a row is malformed, named.
    """
    return Table({kind: list(_rows(kind)) for kind in KINDS})


def camel(key: str) -> str:
    """`date_trunc` is `$dateTrunc`."""
    head, *rest = key.rstrip("_").split("_")
    return "$" + head + "".join(part.capitalize() for part in rest)


def _rows(kind: str) -> Any:
    known = {"mql", "shape", "short", "args", "returns", "null", "purity", "order", "since", "method", "doc"}
    for group, rows in tomllib.loads((FOLDER / f"{kind}.toml").read_text()).items():
        for key, row in rows.items():
            method = row.get("method")
            yield Operator(
                kind=kind,
                group=group,
                key=key,
                mql=row.get("mql", camel(key)),
                since=row["since"],
                doc=row["doc"],
                shape=row.get("shape", "single"),
                short=row.get("short", ""),
                arguments=tuple(_argument(text, f"{kind}.{key}") for text in _split(row.get("args", ""))),
                returns=row.get("returns", "any"),
                null=row.get("null", "null"),
                purity=row.get("purity", "pure"),
                order=row.get("order", "insensitive"),
                method=key if method is True else method,
                more={name: value for name, value in row.items() if name not in known},
            )


def _split(text: str) -> list[str]:
    """At the commas that stand in no parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _argument(text: str, where: str) -> Argument:
    found = _ARGUMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{where}: {text!r} is not an argument")
    words = _WORDS.search(found["types"])
    body = _BODY.search(found["types"])
    types = _BODY.sub("body", _WORDS.sub("word", found["types"])).split("|")
    return Argument(
        name=found["name"],
        types=tuple(each.strip() for each in types),
        stars=found["stars"],
        least=int(found["least"] or 0),
        optional=bool(found["optional"]),
        since=found["since"] or "",
        words=tuple(word.strip() for word in words["words"].split(",")) if words else (),
        variables=tuple(_split(body["variables"] or "")) if body else (),
    )
