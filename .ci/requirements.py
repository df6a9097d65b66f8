"""Print what the named extras of pyproject.toml install, one requirement a line, for `pip install -r`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]


def requirements(extra: str) -> list[str]:
    """The extra's requirements, with the project's own extras that it names written out."""
    found: list[str] = []
    for line in PROJECT["optional-dependencies"][extra]:
        own = re.fullmatch(rf"{PROJECT['name']}\[(.+)\]", line)
        found += [one for name in own[1].split(",") for one in requirements(name.strip())] if own else [line]
    return found


if __name__ == "__main__":
    print(
        "\n".join(
            dict.fromkeys([*PROJECT["dependencies"], *(one for extra in sys.argv[1:] for one in requirements(extra))])
        )
    )
