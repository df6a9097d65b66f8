"""Everything to write an aggregation with: stages, accumulators, window functions and `F`."""

from __future__ import annotations

from . import accumulators, stages, windows
from .accumulators import *  # noqa: F403
from .fields import sort_keys as sort_keys
from .outputs import Accumulator, WindowFunction
from .stages import *  # noqa: F403
from .stages.base import F, Stage
from .stages.base import conjunction as conjunction
from .stages.base import projection as projection
from .stages.base import to_stages as to_stages
from .windows import *  # noqa: F403

__all__ = ["Accumulator", "F", "Stage", "WindowFunction"]
__all__ += accumulators.__all__
__all__ += stages.__all__
__all__ += windows.__all__
