"""Fourth pass: run the flat code over static values, and collect the operations that it emits."""

from __future__ import annotations

from eigen.compiler.lower.program import lower

__all__ = ["lower"]
