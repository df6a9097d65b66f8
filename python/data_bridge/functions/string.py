"""Aggregation expressions: string.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any

from ..arguments import (
    Bytes,
    Moment,
    Number,
    Pattern,
    Text,
    Whole,
)
from ..fields.nodes import MISSING, listed, named, positions, single
from ..fields.values import Value


def concat(*texts: Text) -> Value[str]:
    """Texts one after the other.

    `$concat`, since MongoDB 2.4.
    """
    return listed("$concat", *texts)


def enc_str_contains(input: Any, substring: Text | Bytes) -> Value[bool]:
    """Whether an encrypted text holds another; its field must allow substring queries.

    `$encStrContains`, since MongoDB 8.2.
    """
    return named("$encStrContains", input=input, substring=substring)


def enc_str_ends_with(input: Any, suffix: Text | Bytes) -> Value[bool]:
    """Whether an encrypted text ends with another; its field must allow suffix queries.

    `$encStrEndsWith`, since MongoDB 8.2.
    """
    return named("$encStrEndsWith", input=input, suffix=suffix)


def enc_str_normalized_eq(input: Any, string: Text | Bytes) -> Value[bool]:
    """Whether an encrypted text equals another, after both are normalized.

    `$encStrNormalizedEq`, since MongoDB 8.2.
    """
    return named("$encStrNormalizedEq", input=input, string=string)


def enc_str_starts_with(input: Any, prefix: Text | Bytes) -> Value[bool]:
    """Whether an encrypted text begins with another; its field must allow prefix queries.

    `$encStrStartsWith`, since MongoDB 8.2.
    """
    return named("$encStrStartsWith", input=input, prefix=prefix)


def index_of_bytes(text: Text, search: Text, start: Whole = MISSING, end: Whole = MISSING) -> Value[int]:
    """Byte position of the first occurrence of a text in another, or -1.

    `$indexOfBytes`, since MongoDB 3.4.
    """
    return listed("$indexOfBytes", *positions(text, search, start, end))


def index_of_cp(text: Text, search: Text, start: Whole = MISSING, end: Whole = MISSING) -> Value[int]:
    """Character position of the first occurrence of a text in another, or -1.

    `$indexOfCP`, since MongoDB 3.4.
    """
    return listed("$indexOfCP", *positions(text, search, start, end))


def ltrim(input: Text, *, chars: Text = MISSING) -> Value[str]:
    """The text without white space, or these characters, at its start.

    `$ltrim`, since MongoDB 4.0.
    """
    return named("$ltrim", input=input, chars=chars)


def regex_find(input: Text, regex: Text | Pattern, *, options: Text = MISSING) -> Value[dict[str, Any]]:
    """The first match of a pattern: `match`, `idx` and `captures`, or null.

    `$regexFind`, since MongoDB 4.2.
    """
    return named("$regexFind", input=input, regex=regex, options=options)


def regex_find_all(input: Text, regex: Text | Pattern, *, options: Text = MISSING) -> Value[list[dict[str, Any]]]:
    """Every match of a pattern, as a list.

    `$regexFindAll`, since MongoDB 4.2.
    """
    return named("$regexFindAll", input=input, regex=regex, options=options)


def regex_match(input: Text, regex: Text | Pattern, *, options: Text = MISSING) -> Value[bool]:
    """Whether a pattern matches the text; false of null.

    `$regexMatch`, since MongoDB 4.2.
    """
    return named("$regexMatch", input=input, regex=regex, options=options)


def replace_all(input: Text, find: Text | Pattern, replacement: Text) -> Value[str]:
    """The text with every occurrence of another replaced.

    `$replaceAll`, since MongoDB 4.4.
    """
    return named("$replaceAll", input=input, find=find, replacement=replacement)


def replace_one(input: Text, find: Text | Pattern, replacement: Text) -> Value[str]:
    """The text with the first occurrence of another replaced.

    `$replaceOne`, since MongoDB 4.4.
    """
    return named("$replaceOne", input=input, find=find, replacement=replacement)


def rtrim(input: Text, *, chars: Text = MISSING) -> Value[str]:
    """The text without white space, or these characters, at its end.

    `$rtrim`, since MongoDB 4.0.
    """
    return named("$rtrim", input=input, chars=chars)


def split(text: Text, delimiter: Text | Pattern) -> Value[list[str]]:
    """The parts of a text between delimiters.

    `$split`, since MongoDB 3.4.
    """
    return listed("$split", text, delimiter)


def str_len_bytes(text: Text) -> Value[int]:
    """Length of a text in UTF-8 bytes.

    `$strLenBytes`, since MongoDB 3.4.
    """
    return single("$strLenBytes", text)


def str_len_cp(text: Text) -> Value[int]:
    """Length of a text in characters; the server fails on null.

    `$strLenCP`, since MongoDB 3.4.
    """
    return single("$strLenCP", text)


def strcasecmp(left: Text | Number | Moment, right: Text | Number | Moment) -> Value[int]:
    """-1, 0 or 1 as the first text sorts before, with or after the second, without regard to ASCII case.

    `$strcasecmp`, since MongoDB 2.2.
    """
    return listed("$strcasecmp", left, right)


def substr(text: Text | Number | Moment, start: Whole, length: Whole) -> Value[str]:
    """Part of a text by bytes: an old name of `substr_bytes`.

    `$substr`, since MongoDB 2.2.
    """
    return listed("$substr", text, start, length)


def substr_bytes(text: Text | Number | Moment, start: Whole, length: Whole) -> Value[str]:
    """Part of a text by UTF-8 bytes; the server fails when a character is cut.

    `$substrBytes`, since MongoDB 3.4.
    """
    return listed("$substrBytes", text, start, length)


def substr_cp(text: Text | Number | Moment, start: Whole, length: Whole) -> Value[str]:
    """Part of a text by characters.

    `$substrCP`, since MongoDB 3.4.
    """
    return listed("$substrCP", text, start, length)


def to_lower(text: Text | Number | Moment) -> Value[str]:
    """The text in lower case (ASCII letters).

    `$toLower`, since MongoDB 2.2.
    """
    return single("$toLower", text)


def to_upper(text: Text | Number | Moment) -> Value[str]:
    """The text in upper case (ASCII letters).

    `$toUpper`, since MongoDB 2.2.
    """
    return single("$toUpper", text)


def trim(input: Text, *, chars: Text = MISSING) -> Value[str]:
    """The text without white space, or these characters, at both ends.

    `$trim`, since MongoDB 4.0.
    """
    return named("$trim", input=input, chars=chars)
