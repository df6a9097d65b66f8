"""What the server makes of a query, for people and for programs."""

from .result import Explain
from .tree import PlanStage, ServerPlan

__all__ = ["Explain", "PlanStage", "ServerPlan"]
