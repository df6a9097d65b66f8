"""Prints plans. As a program: pipelines come in line by line, pickled, and their plans go out as JSON."""

from __future__ import annotations

import base64
import json
import pickle
import sys
from typing import Any

import classes
from pydantic import ConfigDict

from data_bridge import Document


class Thing(Document):
    model_config = ConfigDict(extra="allow")

    id: Any
    a: Any = None
    b: Any = None


def printed(stages: list[dict[str, Any]]) -> str:
    """Everything a plan says, said as dicts and with classes."""
    plans = [Thing.aggregate(stages).plan(), Thing.aggregate([classes.stage(stage) for stage in stages]).plan()]
    return "\n".join(f"{plan}\n{plan.text(verbose=True)}\n{plan.to_dict()}" for plan in plans)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(printed(pickle.loads(base64.b64decode(line)))), flush=True)
