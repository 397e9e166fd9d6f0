"""Third pass: every name becomes a slot, a constant, a gate or a function; trees become flat code."""

from __future__ import annotations

from eigen.compiler.resolve.program import resolve

__all__ = ["resolve"]
