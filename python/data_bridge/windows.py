"""Window functions: what `SetWindowFields` alone computes.

Written by `make generate` from `ir/catalog/windows.toml`: change that.
"""

from __future__ import annotations

from typing import Any, Literal

from .arguments import Moment, Number, Whole
from .fields.nodes import MISSING, constant
from .outputs import WindowFunction, listed, named


class CovariancePop(WindowFunction):
    """Covariance of two values as a whole population.

    `$covariancePop`, since MongoDB 5.0.
    """

    name = "$covariancePop"

    def __init__(self, left: Number, right: Number) -> None:
        super().__init__(listed(left, right))


class CovarianceSamp(WindowFunction):
    """Covariance of two values as a sample.

    `$covarianceSamp`, since MongoDB 5.0.
    """

    name = "$covarianceSamp"

    def __init__(self, left: Number, right: Number) -> None:
        super().__init__(listed(left, right))


class DenseRank(WindowFunction):
    """Place in the order; equal documents share one and leave no gap.

    `$denseRank`, since MongoDB 5.0.
    """

    name = "$denseRank"

    def __init__(self) -> None:
        super().__init__()


class Derivative(WindowFunction):
    """Mean rate of change over the window.

    `$derivative`, since MongoDB 5.0.
    """

    name = "$derivative"

    def __init__(
        self,
        input: Number | Moment,
        *,
        unit: Literal["week", "day", "hour", "minute", "second", "millisecond"] = MISSING,
    ) -> None:
        super().__init__(named({"input": input, "unit": constant(unit)}))


class DocumentNumber(WindowFunction):
    """Place in the order, without ties.

    `$documentNumber`, since MongoDB 5.0.
    """

    name = "$documentNumber"

    def __init__(self) -> None:
        super().__init__()


class ExpMovingAvg(WindowFunction):
    """Exponential moving average: over `n` documents, or with the weight `alpha`.

    `$expMovingAvg`, since MongoDB 5.0.
    """

    name = "$expMovingAvg"

    def __init__(self, input: Number, *, n: Whole = MISSING, alpha: Number = MISSING) -> None:
        super().__init__(named({"input": input, "N": n, "alpha": alpha}))


class Integral(WindowFunction):
    """Area under the curve over the window.

    `$integral`, since MongoDB 5.0.
    """

    name = "$integral"

    def __init__(
        self,
        input: Number | Moment,
        *,
        unit: Literal["week", "day", "hour", "minute", "second", "millisecond"] = MISSING,
    ) -> None:
        super().__init__(named({"input": input, "unit": constant(unit)}))


class LinearFill(WindowFunction):
    """Null and missing numbers filled along the line between their neighbours.

    `$linearFill`, since MongoDB 5.3.
    """

    name = "$linearFill"

    def __init__(self, of: Number) -> None:
        super().__init__(of)


class Locf(WindowFunction):
    """Null and missing values filled with the last one that was neither.

    `$locf`, since MongoDB 5.2.
    """

    name = "$locf"

    def __init__(self, of: Any) -> None:
        super().__init__(of)


class MinMaxScaler(WindowFunction):
    """Numbers scaled to lie between two others, 0 and 1 by default.

    `$minMaxScaler`, since MongoDB 8.2.
    """

    name = "$minMaxScaler"

    def __init__(self, input: Number, *, min: Number = MISSING, max: Number = MISSING) -> None:
        super().__init__(named({"input": input, "min": min, "max": max}))


class Rank(WindowFunction):
    """Place in the order; equal documents share one and leave a gap.

    `$rank`, since MongoDB 5.0.
    """

    name = "$rank"

    def __init__(self) -> None:
        super().__init__()


class Shift(WindowFunction):
    """The value of the document some places further in the order, or before when negative.

    `$shift`, since MongoDB 5.0.
    """

    name = "$shift"

    def __init__(self, output: Any, by: Whole, *, default: Any = MISSING) -> None:
        super().__init__(named({"output": output, "by": by, "default": default}))


__all__ = [
    "CovariancePop",
    "CovarianceSamp",
    "DenseRank",
    "Derivative",
    "DocumentNumber",
    "ExpMovingAvg",
    "Integral",
    "LinearFill",
    "Locf",
    "MinMaxScaler",
    "Rank",
    "Shift",
]
