"""Writes everything that follows from the operator table `ir/catalog/*.toml`: Rust, Python and documentation."""

from .outputs import outputs, stale

__all__ = ["outputs", "stale"]
