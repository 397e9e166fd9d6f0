"""Faults of one pass: collected as they are found, then raised together.

What lives here: turning a fault of the catalogue, its place and its facts into a diagnostic, and diagnostics into one
error. Every outside text passes `printable` here, and nowhere else in the compiler.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from eigen.compiler.fault import FaultKind
from eigen.compiler.source_text import Place, SourceText
from eigen.contracts.diagnostics import Diagnostic, Note, Severity, nearest
from eigen.contracts.printable import printable

__all__ = ["MAX_DIAGNOSTICS", "Refusal", "Report", "Suggestion", "did_you_mean", "refuse"]

MAX_DIAGNOSTICS = 100
"""Most faults that are shown of one pass; how many more there are is said."""

_MAX_NOTED = 1_000  # of those that are shown the first in the text are chosen
_MAX_SUGGESTIONS = 20
_MAX_KNOWN = 2_000


class Refusal(Exception):  # noqa: N818  # it is not an error that anybody outside the compiler meets
    """A fault without its place yet: whoever knows what is being worked on adds it.

    Attributes:
        fault: What is wrong.
        facts: Fields of its templates.
        place: Where, if it is known better than by the instruction that fails.
    """

    def __init__(self, fault: FaultKind, facts: dict[str, Any], place: Place | None = None) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.facts = facts
        self.place = place


def refuse(fault: FaultKind, *, place: Place | None = None, **facts: Any) -> NoReturn:
    """Raise a fault whose place the caller's caller knows, unless it is given."""
    raise Refusal(fault, facts, place)


class Suggestion(NamedTuple):
    """A hint that is looked up only if it is shown, and only for the first few faults: it costs a search.

    Attributes:
        name: What was written.
        known: The names there are.
        otherwise: The hint where none of them is near.
    """

    name: str
    known: Iterable[str]
    otherwise: str

    def __str__(self) -> str:
        """Return the hint, with the nearest known name."""
        guess = nearest(self.name, islice(self.known, _MAX_KNOWN))
        return f'did you mean "{guess}"?' if guess else self.otherwise


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str) -> Suggestion:
    """Return a hint with the nearest known name, or `otherwise`."""
    return Suggestion(name, known, otherwise)


class Report:
    """What one pass found.

    Args:
        text: The text that places refer to.

    Attributes:
        warnings: What is suspicious but allowed.
    """

    def __init__(self, text: SourceText) -> None:
        self._text = text
        self._found: list[tuple[FaultKind, Diagnostic]] = []
        self._num_more = 0
        self._num_suggestions = 0
        self.warnings: list[Diagnostic] = []

    @property
    def is_empty(self) -> bool:
        """Whether no fault was found so far."""
        return not self._found

    def add(self, fault: FaultKind, place: Place, *, notes: Iterable[Note] = (), **facts: Any) -> None:
        """Note a fault."""
        if len(self._found) >= _MAX_NOTED:
            self._num_more += 1
            return
        self._found.append((fault, self.diagnostic(fault, place, notes=notes, facts=facts)))

    def warn(self, fault: FaultKind, place: Place, **facts: Any) -> None:
        """Note something suspicious."""
        if len(self.warnings) < MAX_DIAGNOSTICS:
            self.warnings.append(self.diagnostic(fault, place, facts=facts, severity=Severity.WARNING))

    def diagnostic(
        self,
        fault: FaultKind,
        place: Place,
        *,
        facts: dict[str, Any],
        notes: Iterable[Note] = (),
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Return the diagnostic of a fault."""
        shown = {name: printable(self._shown(fact), limit=160) for name, fact in facts.items()}
        span = self._text.span(place)
        return Diagnostic(
            code=fault.code,
            message=fault.message.format_map(shown),
            hint=fault.hint.format_map(shown),
            severity=severity,
            span=span,
            notes=(*self._text.notes(span), *notes),
        )

    def _shown(self, fact: object) -> str:
        if isinstance(fact, Suggestion):
            self._num_suggestions += 1
            return str(fact) if self._num_suggestions <= _MAX_SUGGESTIONS else fact.otherwise
        return str(fact)

    def ordered_warnings(self) -> tuple[Diagnostic, ...]:
        """Return what is suspicious in order of the text."""
        return tuple(sorted(self.warnings, key=_position))

    def clear(self) -> None:
        """Forget all faults, because one that makes them moot is to be told alone."""
        self._found.clear()

    def fail(self, fault: FaultKind, place: Place, *, notes: Iterable[Note] = (), **facts: Any) -> NoReturn:
        """Note a fault that ends the pass, and raise all."""
        self.add(fault, place, notes=notes, **facts)
        self.raise_if_any()
        raise AssertionError("a fault was noted")

    def raise_if_any(self) -> None:
        """Raise all faults, in order of their places, as one error of the first one's kind.

        Raises:
            EigenError: There are faults.
        """
        if not self._found:
            return
        ordered = sorted(self._found, key=lambda one: _position(one[1]))
        fault, first = ordered[0]
        diagnostics = [diagnostic for _, diagnostic in ordered[:MAX_DIAGNOSTICS]]
        num_more = len(ordered) + self._num_more - len(diagnostics)
        details = {"more": num_more} if num_more else {}
        line, column = _position(first)
        raise fault.kind(
            f"{printable(self._text.filename)}:{line}:{column}: {first.message}",
            reason=first.code,
            hint=first.hint,
            details=details,
            diagnostics=diagnostics,
        ) from None


def _position(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)
