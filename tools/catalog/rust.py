"""The table as Rust constants: one operator a line, sorted by name within its kind."""

from __future__ import annotations

import re

from .table import Argument, Operator, Table

KINDS = {
    "expressions": "Expression",
    "accumulators": "Accumulator",
    "windows": "Window",
    "queries": "Query",
    "updates": "Update",
    "stages": "Stage",
}
NULLS = {
    "null": "Propagate",
    "value": "Value",
    "skips": "Skip",
    "error": "Error",
    "empty": "Empty",
    "missing": "Missing",
}
TYPES = {
    "any": "Any",
    "bool": "Bool",
    "number": "Number",
    "int": "Int",
    "string": "String",
    "date": "Date",
    "timestamp": "Timestamp",
    "array": "Array",
    "object": "Object",
    "binary": "Binary",
    "regex": "Regex",
    "body": "Body",
    "list": "List",
    "variables": "Variables",
    "branches": "Branches",
    "sort": "Sort",
    "constant": "Constant",
    "word": "Word",
    "name": "Name",
    "flag": "Flag",
    "code": "Code",
}
RETURNS = {
    "array": "Array",
    "array<any>": "Array",
    "array<array>": "Arrays",
    "array<int>": "Ints",
    "array<double>": "Doubles",
    "array<string>": "Strings",
    "array<object>": "Objects",
    "object_id": "ObjectId",
    "first_known": "FirstKnown",
    "constant": 'Either(&["value"])',
    "widest": "Widest(&[])",
}
_CALL = re.compile(r"(\w+)[(<](.*)[)>]")

HEAD = """//! Written by `make generate` from `ir/catalog/*.toml`: change those.

use Kind::{Accumulator, Expression, Query, Stage, Update, Window};
use Nulls::{Empty, Error, Missing, Propagate, Skip, Value};
use Shape::{Array, Object, Single};

use super::{Kind, Nulls, Operator, Place, Purity, Returns, Shape, Target, Type, Version, argument, operator};

/// The operators of a kind, sorted by name.
pub fn table(kind: Kind) -> &'static [Operator] {
    match kind {
        Expression => EXPRESSIONS,
        Accumulator => ACCUMULATORS,
        Window => WINDOWS,
        Query => QUERIES,
        Update => UPDATES,
        Stage => STAGES,
    }
}

const fn v(major: u16, minor: u16, patch: u16) -> Version {
    Version::new(major, minor, patch)
}
"""


def module(table: Table) -> str:
    """The module `ir/src/catalog/generated.rs`."""
    parts = [HEAD]
    for kind, name in KINDS.items():
        rows = sorted(table[kind], key=lambda operator: operator.mql)
        lines = "\n".join(f"    {_operator(name, row)}," for row in rows)
        parts.append(f"#[rustfmt::skip]\nconst {kind.upper()}: &[Operator] = &[\n{lines}\n];\n")
    return "\n".join(parts)


def _operator(kind: str, row: Operator) -> str:
    text = f'operator({kind}, "{row.mql}", {row.shape.capitalize()}, {_version(row.since)})'
    if kind in ("Expression", "Accumulator", "Window"):
        arguments = ", ".join(_argument(each) for each in row.arguments)
        text += f".takes(&[{arguments}])" if arguments else ""
        text += f".gives(Returns::{returned(row)}, {NULLS[row.null]})"
    if kind == "Stage":
        text += _documents(row)
        place = row.more.get("where", "anywhere")
        text += f".at(Place::{place.capitalize()})" if place != "anywhere" else ""
        text += f".of(Target::{row.more['of'].capitalize()})" if "of" in row.more else ""
    if row.shape == "single" and row.short == "alone":
        text += ".alone()"
    if row.purity != "pure":
        text += f".purity(Purity::{row.purity.capitalize()})"
    if row.order == "sensitive":
        text += ".ordered()"
    return text


def _documents(row: Operator) -> str:
    """What documents look like behind a stage."""
    gives = row.more["gives"]
    if gives in ("same", "computed"):
        return ".same()" if gives == "same" else ""
    fields, more = gives.removeprefix("rows:").split(";")
    pairs = (field.split(":") for field in fields.split(","))
    listed = ", ".join(f'("{name.strip()}", Type::{TYPES[kind.strip()]})' for name, kind in pairs)
    return f'.rows(&[{listed}], "{more.strip()}")'


def returned(row: Operator) -> str:
    """The variant of `Returns` that a row's `returns` means."""
    spec = row.returns
    if spec in RETURNS:
        return RETURNS[spec]
    found = _CALL.fullmatch(spec)
    if found is None:
        return spec.capitalize()
    head, names = found[1], [name.strip() for name in found[2].split(",")]
    quoted = "&[" + ", ".join(f'"{name}"' for name in names) + "]"
    match head:
        case "element" | "same":
            return f'{head.capitalize()}("{names[0]}")'
        case "array":
            return f'ListOf("{names[0]}")'
        case "widest":
            return f"Widest({quoted})"
        case "either" if names[0] == "date" and row.mql != "$date":
            return "DateOr(&[" + ", ".join(f'"{name}"' for name in names[1:]) + "])"
        case "either" if names[0] == "string":
            return "StringOr(&[" + ", ".join(f'"{name}"' for name in names[1:]) + "])"
        case "either":
            return f"Either({quoted})"
    raise ValueError(f"{row.kind}.{row.key}: {spec!r} is not a result")


def _argument(each: Argument) -> str:
    types = ", ".join(f"Type::{TYPES[name]}" for name in each.types)
    text = f'argument("{each.name}", &[{types}])'
    if each.stars:
        text += f".at_least({each.least})"
    elif each.optional:
        text += ".optional()"
    if each.words:
        text += ".one_of(&[" + ", ".join(f'"{word}"' for word in each.words) + "])"
    if each.since:
        text += f".since({_version(each.since)})"
    return text


def _version(text: str) -> str:
    return "v(" + ", ".join([*text.split("."), "0", "0"][:3]) + ")"
