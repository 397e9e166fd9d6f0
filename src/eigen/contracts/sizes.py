"""Sizes in bytes, for people."""

from __future__ import annotations

import math

__all__ = ["human_bytes"]

_BINARY_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def human_bytes(size_bytes: int) -> str:
    """Return a size with a binary unit, as `18.3 GiB`.

    Example:
        >>> human_bytes(16 << 60)
        '16 EiB'
    """
    unit = min(max(size_bytes.bit_length() - 1, 0) // 10, len(_BINARY_UNITS) - 1)
    scaled = size_bytes / (1 << 10 * unit) if size_bytes.bit_length() < 1_000 else math.inf
    text = f"{scaled:.1f}".removesuffix(".0") if scaled < 1e6 else f"{scaled:.3g}"
    return f"{text} {_BINARY_UNITS[unit]}"
