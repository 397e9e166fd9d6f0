"""All faults of a document at once: collected as they are found, raised together.

Used by every reader of text from outside, so that they all answer alike: the error's `reason` is the first fault's
code, its class says whether the first fault is a limit that was passed or a mistake, and `diagnostics` has them all.
"""

from __future__ import annotations

from collections.abc import Iterable

from eigen.contracts.diagnostics import Diagnostic, Severity, Span
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError

__all__ = ["MAX_FAULTS", "Faults"]

MAX_FAULTS = 20
"""Most faults that are told of one document; a reader may stop once it has found as many."""


class Faults:
    """Faults of one document, in order of their places where these are known, else of their finding.

    Args:
        what: What the document is, for the message, such as `AQO document`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._found: list[tuple[Diagnostic, bool]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was wrong so far."""
        return not self._found

    @property
    def is_full(self) -> bool:
        """Whether as many faults were found as are told."""
        return len(self._found) >= MAX_FAULTS

    def add(
        self, code: str, message: str, *, path: str = "", hint: str = "", span: Span | None = None, limit: bool = False
    ) -> None:
        """Note a fault; those beyond `MAX_FAULTS` are dropped.

        Args:
            code: Stable code.
            message: What is wrong, one sentence, values made printable.
            path: Where in the document.
            hint: What to write instead.
            span: Where in the text, if known.
            limit: Whether a limit was passed, rather than a mistake made.
        """
        if self.is_full:
            return
        found = Diagnostic(code=code, message=message, severity=Severity.ERROR, span=span, path=path, hint=hint)
        self._found.append((found, limit))

    def raise_if_any(self, *, warnings: Iterable[Diagnostic] = ()) -> None:
        """Raise all faults as one error.

        Args:
            warnings: What is suspicious but allowed, to be told behind the faults.

        Raises:
            ResourceExhaustedError: The first fault is a limit.
            InvalidArgumentError: The first fault is a mistake.
        """
        if not self._found:
            return
        in_order = sorted(self._found, key=lambda one: _position(one[0]))
        (first, is_limit), others = in_order[0], len(in_order) - 1
        kind = ResourceExhaustedError if is_limit else InvalidArgumentError
        place = f"{first.path}: " if first.path else ""
        more = f" (and {others} more)" if others else ""
        raise kind(
            f"{self._what}: {place}{first.message}{more}",
            reason=first.code,
            hint=first.hint,
            diagnostics=[*(one for one, _ in in_order), *warnings],
        )


def _position(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)
