"""Chooses how hard every property test of this folder tries."""

from effort import load_profile

load_profile()
