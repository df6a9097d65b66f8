"""`python -m tools.catalog` writes the generated files; with `--check` it only names those that are not up to date."""

from __future__ import annotations

import sys

from .outputs import ROOT, outputs, stale


def main() -> int:
    if "--check" in sys.argv[1:]:
        found = stale()
        for path in found:
            print(f"{path.relative_to(ROOT)} does not follow from ir/catalog: run make generate")
        return 1 if found else 0
    for path, text in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
