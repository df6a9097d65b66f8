"""What the server makes of a query, for people and for programs."""

from .result import Explain, ExplainedCommand
from .tree import PlanStage, ServerPlan

__all__ = ["Explain", "ExplainedCommand", "PlanStage", "ServerPlan"]
