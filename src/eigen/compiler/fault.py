"""What kinds of faults have in common, in whatever language a program is written.

Each language lists its own in a catalogue: an enumeration of `(code, kind, message, hint)`. What must never live here:
a fault.
"""

from __future__ import annotations

from enum import Enum

from eigen.contracts.errors import EigenError

__all__ = ["FaultKind"]


class FaultKind(Enum):
    """One kind of fault; the catalogues derive from it.

    Attributes:
        code: Stable code: the catalogue's letters and four digits.
        kind: The error that is raised for it.
        message: Template of what is wrong.
        hint: Template of what to write instead; may be empty.
    """

    def __init__(self, code: str, kind: type[EigenError], message: str, hint: str) -> None:
        self.code = code
        self.kind = kind
        self.message = message
        self.hint = hint
