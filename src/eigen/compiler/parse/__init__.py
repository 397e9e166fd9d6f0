"""First pass: bytes to a syntax tree, in bounded time and memory on any bytes whatever."""

from __future__ import annotations

from eigen.compiler.parse.syntax import parse

__all__ = ["parse"]
