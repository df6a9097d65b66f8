"""How hard property tests try: the same examples in every run of `make test`, many new ones in `make prove`."""

import os

from hypothesis import settings

#: How many times the examples of a test run.
TIMES = int(os.environ.get("PROVE", "1"))


def load_profile() -> None:
    """Makes the run's settings those of every test that says nothing else."""
    settings.register_profile("test", derandomize=True, deadline=None)
    settings.register_profile("prove", deadline=None, print_blob=True)
    settings.load_profile("test" if TIMES == 1 else "prove")


def examples(count: int) -> int:
    """As many examples as this run takes of a test that takes `count` in `make test`."""
    return count * TIMES
