"""Accumulators: what groups, buckets and windows compute.

Written by `make generate` from `ir/catalog/accumulators.toml`: change that.
"""

from __future__ import annotations

from typing import Any, Literal

from .arguments import Items, Number, Order, Record, Whole
from .field_update import FieldUpdate
from .fields.nodes import MISSING, constant
from .fields.order import order
from .outputs import Accumulator, named


class JsAccumulator(Accumulator):
    """What JavaScript functions make of the documents; the server must allow scripting.

    `$accumulator`, since MongoDB 4.4.
    """

    name = "$accumulator"

    def __init__(
        self,
        init: str,
        accumulate: str,
        accumulate_args: Items[Any],
        merge: str,
        *,
        init_args: Items[Any] = MISSING,
        finalize: str = MISSING,
        lang: Literal["js"] = MISSING,
    ) -> None:
        super().__init__(
            named(
                {
                    "init": constant(init),
                    "initArgs": init_args,
                    "accumulate": constant(accumulate),
                    "accumulateArgs": accumulate_args,
                    "merge": constant(merge),
                    "finalize": constant(finalize),
                    "lang": constant(lang),
                }
            )
        )


class AddToSet(FieldUpdate, Accumulator):
    """The different values, in no order.

    `$addToSet`, since MongoDB 2.2.
    """

    name = "$addToSet"
    op = "$addToSet"

    def __init__(self, of: Any) -> None:
        FieldUpdate.__init__(self, of)
        Accumulator.__init__(self, of)


class Avg(Accumulator):
    """Mean of the numbers; null when there are none.

    `$avg`, since MongoDB 2.2.
    """

    name = "$avg"

    def __init__(self, of: Number) -> None:
        super().__init__(of)


class Bottom(Accumulator):
    """A value of the last document in an order.

    `$bottom`, since MongoDB 5.2.
    """

    name = "$bottom"

    def __init__(self, sort_by: Order, output: Any) -> None:
        super().__init__(named({"sortBy": order(sort_by), "output": output}))


class BottomN(Accumulator):
    """Values of the last n documents in an order.

    `$bottomN`, since MongoDB 5.2.
    """

    name = "$bottomN"

    def __init__(self, n: Whole, sort_by: Order, output: Any) -> None:
        super().__init__(named({"n": n, "sortBy": order(sort_by), "output": output}))


class ConcatArrays(Accumulator):
    """The documents' lists one after the other.

    `$concatArrays`, since MongoDB 8.1.
    """

    name = "$concatArrays"

    def __init__(self, of: Items[Any]) -> None:
        super().__init__(of)


class First(Accumulator):
    """The value of the first document.

    `$first`, since MongoDB 2.2.
    """

    name = "$first"

    def __init__(self, of: Any) -> None:
        super().__init__(of)


class FirstN(Accumulator):
    """The values of the first n documents.

    `$firstN`, since MongoDB 5.2.
    """

    name = "$firstN"

    def __init__(self, input: Any, n: Whole) -> None:
        super().__init__(named({"input": input, "n": n}))


class Last(Accumulator):
    """The value of the last document.

    `$last`, since MongoDB 2.2.
    """

    name = "$last"

    def __init__(self, of: Any) -> None:
        super().__init__(of)


class LastN(Accumulator):
    """The values of the last n documents.

    `$lastN`, since MongoDB 5.2.
    """

    name = "$lastN"

    def __init__(self, input: Any, n: Whole) -> None:
        super().__init__(named({"input": input, "n": n}))


class Max(FieldUpdate, Accumulator):
    """The greatest value.

    `$max`, since MongoDB 2.2.
    """

    name = "$max"
    op = "$max"

    def __init__(self, of: Any) -> None:
        FieldUpdate.__init__(self, of)
        Accumulator.__init__(self, of)


class MaxN(Accumulator):
    """The n greatest values.

    `$maxN`, since MongoDB 5.2.
    """

    name = "$maxN"

    def __init__(self, input: Any, n: Whole) -> None:
        super().__init__(named({"input": input, "n": n}))


class Median(Accumulator):
    """The number in the middle, approximately.

    `$median`, since MongoDB 7.0.
    """

    name = "$median"

    def __init__(self, input: Number, *, method: Literal["approximate"] = "approximate") -> None:
        super().__init__(named({"input": input, "method": constant(method)}))


class MergeObjects(Accumulator):
    """One document of all: later fields win.

    `$mergeObjects`, since MongoDB 3.6.
    """

    name = "$mergeObjects"

    def __init__(self, of: Record) -> None:
        super().__init__(of)


class Min(FieldUpdate, Accumulator):
    """The least value.

    `$min`, since MongoDB 2.2.
    """

    name = "$min"
    op = "$min"

    def __init__(self, of: Any) -> None:
        FieldUpdate.__init__(self, of)
        Accumulator.__init__(self, of)


class MinN(Accumulator):
    """The n least values.

    `$minN`, since MongoDB 5.2.
    """

    name = "$minN"

    def __init__(self, input: Any, n: Whole) -> None:
        super().__init__(named({"input": input, "n": n}))


class Percentile(Accumulator):
    """Numbers below which these shares of all lie, approximately.

    `$percentile`, since MongoDB 7.0.
    """

    name = "$percentile"

    def __init__(self, input: Number, p: Items[Any], *, method: Literal["approximate"] = "approximate") -> None:
        super().__init__(named({"input": input, "p": p, "method": constant(method)}))


class Push(FieldUpdate, Accumulator):
    """All values, as a list.

    `$push`, since MongoDB 2.2.
    """

    name = "$push"
    op = "$push"

    def __init__(self, of: Any) -> None:
        FieldUpdate.__init__(self, of)
        Accumulator.__init__(self, of)


class SetUnion(Accumulator):
    """The different elements of the documents' lists, in no order.

    `$setUnion`, since MongoDB 8.1.
    """

    name = "$setUnion"

    def __init__(self, of: Items[Any]) -> None:
        super().__init__(of)


class StdDevPop(Accumulator):
    """Standard deviation of the numbers as a whole population.

    `$stdDevPop`, since MongoDB 3.2.
    """

    name = "$stdDevPop"

    def __init__(self, of: Number) -> None:
        super().__init__(of)


class StdDevSamp(Accumulator):
    """Standard deviation estimated from the numbers as a sample.

    `$stdDevSamp`, since MongoDB 3.2.
    """

    name = "$stdDevSamp"

    def __init__(self, of: Number) -> None:
        super().__init__(of)


class Sum(Accumulator):
    """Sum of the numbers; 0 when there are none.

    `$sum`, since MongoDB 2.2.
    """

    name = "$sum"

    def __init__(self, of: Number) -> None:
        super().__init__(of)


class Top(Accumulator):
    """A value of the first document in an order.

    `$top`, since MongoDB 5.2.
    """

    name = "$top"

    def __init__(self, sort_by: Order, output: Any) -> None:
        super().__init__(named({"sortBy": order(sort_by), "output": output}))


class TopN(Accumulator):
    """Values of the first n documents in an order.

    `$topN`, since MongoDB 5.2.
    """

    name = "$topN"

    def __init__(self, n: Whole, sort_by: Order, output: Any) -> None:
        super().__init__(named({"n": n, "sortBy": order(sort_by), "output": output}))


__all__ = [
    "AddToSet",
    "Avg",
    "Bottom",
    "BottomN",
    "ConcatArrays",
    "First",
    "FirstN",
    "JsAccumulator",
    "Last",
    "LastN",
    "Max",
    "MaxN",
    "Median",
    "MergeObjects",
    "Min",
    "MinN",
    "Percentile",
    "Push",
    "SetUnion",
    "StdDevPop",
    "StdDevSamp",
    "Sum",
    "Top",
    "TopN",
]
