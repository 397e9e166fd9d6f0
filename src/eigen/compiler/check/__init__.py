"""Second pass: the tree is bounded, holds allowed constructs only, and has one decorated function."""

from __future__ import annotations

from eigen.compiler.check.program import check

__all__ = ["check"]
