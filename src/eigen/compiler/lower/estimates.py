"""What a program asks about its final state: expectation values, and the loop that minimises one.

Both are declarations: they belong to the whole circuit, so that no operation may follow them and none stands under a
measured condition. Nothing is computed here; a driver and the kernel do that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.observables import terms_of
from eigen.compiler.lower.registers import Registers
from eigen.compiler.lower.values import Expectation, Minimum, PauliSum, Value, counted, describe, is_number
from eigen.compiler.report import did_you_mean, refuse
from eigen.compiler.source_text import Place
from eigen.contracts.aqo import PauliTerm
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.compilation import OPTIMIZER_METHODS, HybridLoop
from eigen.contracts.loops import MAX_EVALUATIONS, MAX_STARTS

__all__ = ["Estimates"]

_MAX_NAME = 256
_MAX_ITERATIONS = 1_000_000
_WRITE_TEXT = 'a text alone is a name; write ExpectationValue(Observable("ZZ"))'
_WRITE = 'write ExpectationValue(H), or ExpectationValue("energy", H)'


class Estimates:
    """The observables of a program, and its loop.

    Args:
        registers: The qubits that observables address.
        meter: What the program may use.

    Attributes:
        observables: Name → terms, in order of declaration.
        precisions: Name → standard error that is wanted, where one is.
        loop: The declared loop.
    """

    def __init__(self, registers: Registers, meter: Meter) -> None:
        self._registers = registers
        self._meter = meter
        self._num_terms = 0
        self._num_unnamed = 0
        self.observables: dict[str, tuple[PauliTerm, ...]] = {}
        self.precisions: dict[str, float] = {}
        self.loop: HybridLoop | None = None

    # Expectation values

    def expectation_value(
        self, values: list[Value], place: Place, *, observable: Value = None, **by_name: Value
    ) -> Expectation:
        """Declare an expectation value.

        Args:
            values: A name, the observable, or both in this order.
            place: Where the call stands.
            observable: The observable, where it is given by name.
            by_name: `precision`, the standard error that is wanted, where it is given.
        """
        given = [*values, *([] if observable is None else [observable])]
        name = self._new_name(given[0] if len(given) > 1 or (given and type(given[0]) is str) else None)
        if not given or type(given[-1]) is not PauliSum:
            shown = describe(given[-1]) if given else "nothing"
            is_text = bool(given) and type(given[-1]) is str
            refuse(Fault.OBSERVABLE_SOURCE, value=shown, instead=_WRITE_TEXT if is_text else _WRITE)
        if len(given) > 2:
            refuse(Fault.OBSERVABLE_SOURCE, value="more than one argument", instead=_WRITE)
        terms = terms_of(given[-1], self._meter)
        self._num_terms += len(terms)
        if self._num_terms > self._meter.limits.terms:
            refuse(Fault.TERMS, what="the program", limit=self._meter.limits.terms)
        self._meter.charge(sum(len(one.qubits) for one in terms))
        highest = max((one.qubits[-1] for one in terms if one.qubits), default=-1)
        if highest >= 0:
            self._registers.plain_qubit(highest, place)
        self.observables[name] = terms
        if "precision" in by_name:
            self.precisions[name] = _precision(by_name["precision"])
        return Expectation(name)

    def _new_name(self, name: Value) -> str:
        if name is None:
            name = f"expectation_{self._num_unnamed}"
            self._num_unnamed += 1
        elif type(name) is PauliSum:
            refuse(Fault.EXPECTATION_NAME, value=describe(name), instead="the name is a text and stands first")
        if type(name) is not str or not 0 < len(name) <= _MAX_NAME:
            instead = f"names are texts of 1 to {_MAX_NAME} characters"
            refuse(Fault.EXPECTATION_NAME, value=describe(name), instead=instead)
        if name in self.observables:
            refuse(Fault.EXPECTATION_TWICE, name=name)
        return name

    # The loop

    def minimize(self, values: list[Value], parameters: list[str], **by_name: Value) -> Minimum:
        """Declare the loop.

        Args:
            values: The objective and the start values, as far as they are given by position.
            parameters: Names of the program's parameters, in order of declaration.
            by_name: The arguments that are given by name.
        """
        arguments = {**dict(zip(("objective", "x0"), values, strict=False)), **by_name}
        objective = arguments["objective"]
        if self.loop is not None:
            refuse(Fault.TWO_LOOPS)
        if type(objective) is not Expectation:
            instead = "write minimize(ExpectationValue(H), …)" if type(objective) is PauliSum else _WRITE
            refuse(Fault.OBJECTIVE, value=describe(objective), instead=instead)
        if not parameters:
            refuse(Fault.NO_PARAMETERS)
        options = {name: _checked(name, value) for name, value in by_name.items() if name in _OPTIONS}
        self.loop = HybridLoop(
            objective=objective.name,
            initial=self._initial(arguments["x0"], parameters),
            method=_method(arguments.get("method", OPTIMIZER_METHODS[0])),
            bounds=_bounds(arguments["bounds"], parameters) if "bounds" in arguments else {},
            **options,
        )
        return Minimum()

    def _initial(self, x0: Value, parameters: list[str]) -> Mapping[str, float]:
        """Return the start value of every parameter."""
        order = f"the order is {', '.join(parameters[:10])}"
        if type(x0) not in (list, tuple, dict):
            refuse(Fault.START_SHAPE, given=describe(x0), expected=counted(len(parameters), "parameter"),
                   instead=f"give a list of numbers ({order}), or a dict by name")  # fmt: skip
        if type(x0) is not dict and len(x0) != len(parameters):
            refuse(Fault.START_SHAPE, given=counted(len(x0), "value"),
                   expected=counted(len(parameters), "parameter"), instead=f"give one for each; {order}")  # fmt: skip
        start = x0 if type(x0) is dict else dict(zip(parameters, x0, strict=True))
        for name in start:
            if name not in parameters:
                instead = did_you_mean(str(name), parameters, otherwise=f"there are {', '.join(parameters[:10])}")
                refuse(Fault.START_NAME, name=str(name)[:64], instead=instead)
        return {name: _start_value(name, start) for name in parameters}


def _precision(value: Value) -> float:
    if not _is_finite_number(value) or not value > 0:
        refuse(Fault.PRECISION, value=describe(value))
    return float(value)


def _start_value(name: str, start: Mapping[str, Value]) -> float:
    if name not in start:
        refuse(Fault.START_VALUE, name=name, value="nothing", instead="name every parameter in x0")
    value = start[name]
    if not _is_finite_number(value):
        refuse(Fault.START_VALUE, name=name, value=describe(value), instead="write a plain number")
    return float(value)


def _bounds(value: Value, parameters: list[str]) -> Mapping[str, tuple[float, float]]:
    """Return the bounds of each parameter that has any: a pair for each in order, or pairs by name."""
    instead = f"write a pair for each parameter ({', '.join(parameters[:10])}), as in [(-pi, pi)], or a dict by name"
    if type(value) in (list, tuple) and len(value) == len(parameters):
        value = dict(zip(parameters, value, strict=True))
    if type(value) is not dict:
        given = counted(len(value), "element") if type(value) in (list, tuple) else describe(value)
        refuse(Fault.BOUNDS, problem=f"have {given} for {counted(len(parameters), 'parameter')}", instead=instead)
    for name, pair in value.items():
        if name not in parameters:
            problem = f'name "{str(name)[:64]}", which is no parameter of the program'
            refuse(Fault.BOUNDS, problem=problem, instead=did_you_mean(str(name), parameters, otherwise=instead))
        if type(pair) not in (list, tuple) or len(pair) != 2 or not all(map(_is_finite_number, pair)):
            refuse(Fault.BOUNDS, problem=f"of {name} must be two finite numbers, not {describe(pair)}", instead=instead)
        if not pair[0] < pair[1]:
            problem = f"of {name} are {float(pair[0]):g} and {float(pair[1]):g}"
            refuse(Fault.BOUNDS, problem=problem, instead="the first one must be less than the second one")
    return {name: (float(value[name][0]), float(value[name][1])) for name in parameters if name in value}


def _method(value: Value) -> str:
    name = value.upper().replace("_", "-") if type(value) is str else ""
    if name not in OPTIMIZER_METHODS:
        listed = f"there are {', '.join(OPTIMIZER_METHODS)}"
        shown = f'"{value[:64]}"' if type(value) is str else describe(value)
        refuse(Fault.METHOD, value=shown, instead=did_you_mean(name, OPTIMIZER_METHODS, otherwise=listed))
    return name


def _checked(name: str, value: Value) -> Value:
    is_allowed, allowed = _OPTIONS[name]
    if not is_allowed(value):
        refuse(Fault.LOOP_OPTION, name=name, allowed=allowed, value=describe(value))
    return value if type(value) is int and name != "tol" else float(value)


def _is_finite_number(value: Value) -> bool:
    if not is_number(value):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


_OPTIONS: Mapping[str, tuple[Callable[[Value], bool], str]] = MappingProxyType(
    {
        "max_iters": (
            lambda value: type(value) is int and 1 <= value <= _MAX_ITERATIONS,
            f"an integer from 1 to {_MAX_ITERATIONS}",
        ),
        "max_evals": (
            lambda value: type(value) is int and 1 <= value <= MAX_EVALUATIONS,
            f"an integer from 1 to {MAX_EVALUATIONS}",
        ),
        "restarts": (
            lambda value: type(value) is int and 1 <= value <= MAX_STARTS,
            f"an integer from 1 to {MAX_STARTS}",
        ),
        "tol": (lambda value: _is_finite_number(value) and value > 0, "a number above 0"),
        "seed": (
            lambda value: type(value) is int and 0 <= value <= MAX_SAFE_INTEGER,
            "an integer from 0 to 2^53 − 1",
        ),
    }
)
