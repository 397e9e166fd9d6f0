"""Arguments of the library checked at its edge: a wrong type is the caller's error, with a name, and no defect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["plain", "require_kind"]


def require_kind(value: object, kind: type | tuple[type, ...], *, name: str, hint: str) -> None:
    """Refuse an argument of another type.

    Args:
        value: The argument.
        kind: Its type, or several.
        name: What it is called.
        hint: What to give instead.

    Raises:
        InvalidArgumentError: It is of another type.
    """
    if not isinstance(value, kind):
        raise InvalidArgumentError(
            f"{name} cannot be of type {type(value).__name__}: {quoted(value)}", reason="ARGUMENT_TYPE", hint=hint
        )


def plain(value: Any, *, depth: int = 16) -> Any:
    """Return numbers and arrays of NumPy, and whatever else has `tolist`, as Python's own; also within lists and dicts.

    Args:
        value: What somebody gave.
        depth: How deep lists and dicts are looked into; what is nested deeper is refused by others.

    Example:
        >>> import numpy as np
        >>> plain({"theta": np.float64(0.5), "phi": np.linspace(0, 1, 3)})
        {'theta': 0.5, 'phi': [0.0, 0.5, 1.0]}
    """
    if depth and isinstance(value, Mapping):
        return {name: plain(one, depth=depth - 1) for name, one in value.items()}
    if depth and isinstance(value, list | tuple):
        return [plain(one, depth=depth - 1) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value
