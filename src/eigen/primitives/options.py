"""How the jobs of a primitive are made, beside what its PUBs say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from eigen.client.arguments import require_kind
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["PrimitiveOptions"]

_LEVELS = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimitiveOptions:
    """Options of a primitive.

    Attributes:
        optimization_level: 0: gates of the gate table stay as they are, Qiskit's transpiler takes others apart; 1 to 3:
            it also makes the circuit shorter. Once for each circuit.
        priority: 0 to 100, higher first; None for the default.
        timeout_sec: Longest time from a job's submission to its result, seconds; None for no limit.
        noise_model: Noise to simulate, or None for none.
        driver_options: Options that only the device's driver knows.
    """

    optimization_level: int = 0
    priority: int | None = None
    timeout_sec: float | None = None
    noise_model: str | None = None
    driver_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.optimization_level not in _LEVELS:
            raise InvalidArgumentError(
                f"optimization_level is {quoted(self.optimization_level)}; it must be 0, 1, 2 or 3",
                reason="PRIMITIVE_OPTION",
            )

    @classmethod
    def of(cls, given: PrimitiveOptions | Mapping[str, Any] | None) -> PrimitiveOptions:
        """Return options that are given as such, or by name.

        Raises:
            InvalidArgumentError: There is no such option, or its value is wrong.
        """
        given = {} if given is None else given
        if isinstance(given, PrimitiveOptions):
            return given
        require_kind(given, Mapping, name="options", hint="give PrimitiveOptions, or values by name")
        known = [one.name for one in fields(cls)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise InvalidArgumentError(
                f"there is no option {quoted(unknown[0])}",
                reason="PRIMITIVE_OPTION",
                hint=f"known are {', '.join(known)}",
            )
        return cls(**given)

    def spec_values(self) -> dict[str, Any]:
        """Return what of a job's spec they set."""
        named = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "optimization_level"}
        return {name: value for name, value in named.items() if value not in (None, {})}
