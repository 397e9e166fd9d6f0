"""Arguments of the library checked at its edge: a wrong type is the caller's error, with a name, and no defect."""

from __future__ import annotations

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["require_kind"]


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
