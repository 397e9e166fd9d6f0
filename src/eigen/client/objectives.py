"""What a loop minimises: an observable, an output, or a number that the caller makes of a job's results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eigen.client.arguments import require_kind
from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import printable, quoted
from eigen.contracts.results import JobResults

__all__ = ["Objective", "objective_of"]

_HINT = "give the name of an observable or of an output, or a function of a job's results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A number that a job's results hold.

    Attributes:
        name: What it is called.
        read: Takes it out of the results.
        observable: The observable whose expectation value it is, or None.
    """

    name: str
    read: Callable[[JobResults], Any]
    observable: str | None = None

    def value(self, results: JobResults) -> float:
        """Return the number.

        Raises:
            InvalidArgumentError: It is none, or not finite.
        """
        value = self.read(results)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
        raise InvalidArgumentError(
            f"the objective {quoted(self.name)} of {results.job_id} is {quoted(value)}, not a finite number",
            reason="OBJECTIVE_VALUE",
            hint="an optimizer needs one finite number from each job",
        )


def objective_of(
    given: str | Callable[[JobResults], float], *, observables: Iterable[str], outputs: Mapping[str, Mapping[str, Any]]
) -> Objective:
    """Return the objective that a caller means.

    Args:
        given: Its name, or a function.
        observables: Names of the circuit's observables.
        outputs: What the program returns, as in `CompiledProgram`.

    Raises:
        InvalidArgumentError: It is neither, or the program has nothing of this name that is a number.
    """
    if callable(given):
        return Objective(name=getattr(given, "__qualname__", type(given).__name__), read=given)
    require_kind(given, str, name="an objective", hint=_HINT)
    if given in observables:
        return _expectation(given, given)
    output = outputs.get(given, {})
    if output.get("kind") == "expectation":
        return _expectation(given, output["name"])
    if output.get("kind") == "value":
        return Objective(name=given, read=lambda results: results.outputs[given])
    known = [*observables, *(name for name, one in outputs.items() if one["kind"] in {"expectation", "value"})]
    guess = nearest(given, known)
    listed = f"it has {printable(', '.join(dict.fromkeys(known)))}" if known else f"it has none; {_HINT}"
    raise InvalidArgumentError(
        f"the program has no number {quoted(given)} to minimise",
        reason="UNKNOWN_OBJECTIVE",
        hint=f"did you mean {guess}?" if guess else listed,
    )


def _expectation(name: str, observable: str) -> Objective:
    return Objective(
        name=name, read=lambda results: results.expectation_values[observable]["value"], observable=observable
    )
