"""Everything to write an aggregation with: stages, accumulators, window functions and `F`."""

from __future__ import annotations

from . import accumulators, stages, windows
from .accumulators import *  # noqa: F403
from .fields import sort_keys, value
from .outputs import Accumulator, WindowFunction
from .stages import *  # noqa: F403
from .stages.base import F, GenericStage, Stage, conjunction, projection, to_stages
from .windows import *  # noqa: F403

__all__ = [
    "Accumulator",
    "F",
    "GenericStage",
    "Stage",
    "WindowFunction",
    "conjunction",
    "projection",
    "sort_keys",
    "to_stages",
    "value",
]
__all__ += accumulators.__all__ + stages.__all__ + windows.__all__
