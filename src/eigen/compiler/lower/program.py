"""The fourth pass as a whole: inputs in, the program run, outputs out; faults get their places here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.code import Code
from eigen.compiler.lower.circuit import Circuit
from eigen.compiler.lower.machine import Machine
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.outputs import outputs_of
from eigen.compiler.lower.values import UNBOUND, Value, describe
from eigen.compiler.report import Refusal, Report, refuse
from eigen.compiler.source_text import Place
from eigen.compiler.stages import InputArgument, LoweredProgram, Parameter, ResolvedProgram
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.diagnostics import Note
from eigen.contracts.printable import printable

__all__ = ["lower"]

_MAX_CALLS_SHOWN = 8
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "an integer"),
    "float": ((float, int), "a number"),
    "bool": ((bool,), "true or false"),
    "str": ((str,), "a text"),
    "list": ((list,), "a list"),
}


def lower(
    resolved: ResolvedProgram,
    *,
    inputs: Mapping[str, Any],
    limits: CompileLimits,
    is_stopped: Callable[[], bool] = lambda: False,
) -> LoweredProgram:
    """Return the circuit that the program emits.

    Args:
        resolved: Result of the third pass.
        inputs: Values of the static inputs; those of free parameters are not looked at.
        limits: What the program may use.
        is_stopped: Whether nobody wants the result any more; asked every few thousand steps.

    Raises:
        InvalidArgumentError: An input is missing or wrong, or the program cannot be run to its end.
        ResourceExhaustedError: It passes a limit.
        OperationCancelledError: It was stopped.
    """
    return _Lower(resolved, Meter(limits, is_stopped)).run(inputs)


class _Lower:
    def __init__(self, resolved: ResolvedProgram, meter: Meter) -> None:
        self._resolved = resolved
        self._report = Report(resolved.text)
        self._meter = meter
        self._circuit = Circuit(self._meter)
        self._machine = Machine(resolved.functions, self._circuit, self._meter, constants=resolved.constants)

    def run(self, inputs: Mapping[str, Any]) -> LoweredProgram:
        entry = self._resolved.functions[self._resolved.entry]
        self._execute(self._resolved.module, [])
        arguments = [self._argument(entry, index, inputs) for index in range(entry.num_arguments)]
        self._report.raise_if_any()
        result = self._execute(entry, arguments)
        outputs = self._finish(entry, result)
        return LoweredProgram(
            qubits=self._circuit.registers.num_qubits,
            clbits=self._circuit.registers.num_bits,
            operations=tuple(self._circuit.operations),
            parameters=tuple(map(self._placed, self._circuit.parameters.values())),
            observables=self._circuit.estimates.observables,
            precisions=self._circuit.estimates.precisions,
            outputs=outputs,
            hybrid=self._circuit.estimates.loop,
            defaults=self._resolved.defaults,
            warnings=(*self._resolved.warnings, *self._report.warnings),
        )

    def _execute(self, code: Code, arguments: list[Value]) -> Value:
        try:
            result = self._machine.run(code, arguments)
        except Refusal as refusal:
            (_, place), *calls = self._machine.trace
            self._tell_set_aside()
            notes = self._call_notes(calls)
            self._report.fail(refusal.fault, refusal.place or place, notes=notes, **refusal.facts)
        self._tell_set_aside()
        self._report.raise_if_any()
        return result

    def _tell_set_aside(self) -> None:
        for (fault, place), (refusal, calls) in self._machine.set_aside.items():
            self._report.add(fault, place, notes=self._call_notes(calls), **refusal.facts)

    def _call_notes(self, calls: list[tuple[Code, Place]]) -> Iterator[Note]:
        """Say where the helper that holds the fault was called, and where its caller, for the innermost few."""
        for place in islice(dict.fromkeys(place for _, place in calls), _MAX_CALLS_SHOWN):
            yield Note(message="called here", span=self._resolved.text.span(place))

    def _argument(self, entry: Code, index: int, inputs: Mapping[str, Any]) -> Value:
        argument = self._resolved.inputs[index]
        default = self._machine.default(entry, index)
        if argument.type == "Param":
            return self._parameter(argument, default)
        try:
            return self._value_of(argument, inputs, default)
        except Refusal as refusal:
            self._report.add(refusal.fault, argument.place, **refusal.facts)
        return None

    def _value_of(self, argument: InputArgument, inputs: Mapping[str, Any], default: Value) -> Value:
        if argument.name in inputs:
            self._check_type(argument, inputs[argument.name])
            return self._copied(inputs[argument.name])  # because the program may change lists
        if default is UNBOUND:
            refuse(Fault.MISSING_INPUT, name=argument.name)
        if argument.type in _TYPES and default is not None and type(default) is not tuple:  # which is a list, too
            self._check_type(argument, default)
        return default

    def _parameter(self, argument: InputArgument, default: Value) -> Value:
        try:
            return self._circuit.parameter(argument.name, None if default is UNBOUND else default)
        except Refusal as refusal:
            self._report.add(refusal.fault, argument.place, **refusal.facts)
        return None

    def _placed(self, parameter: Parameter) -> Parameter:
        """Return a parameter with where it stands, if it is an argument."""
        places = [one.place for one in self._resolved.inputs if one.name == parameter.name]
        return replace(parameter, span=self._resolved.text.span(places[0])) if places else parameter

    def _check_type(self, argument: InputArgument, value: Any) -> None:
        """Check an input against its annotation."""
        kinds, expected = _TYPES.get(argument.type, ((int, float, bool, str, list), "a number, a text or a list"))
        if type(value) not in kinds:
            refuse(Fault.INPUT_TYPE, name=argument.name, expected=expected, value=_shown(value))
        elements = [value]
        for name in argument.elements:
            kinds, expected = _TYPES[name]
            self._meter.charge(sum(map(len, elements)))
            elements = [one for each in elements for one in each]
            wrong = [one for one in elements if type(one) not in kinds]
            if wrong:
                expected = f"a list with {expected} in each place"
                refuse(Fault.INPUT_TYPE, name=argument.name, expected=expected, value=f"one with {_shown(wrong[0])}")

    def _copied(self, value: Any) -> Value:
        if type(value) is not list:
            return self._scalar(value)
        copy: list[Value] = []
        pending = [(value, copy)]
        while pending:
            source, target = pending.pop()
            self._meter.items(len(source), "the input")
            for one in source:
                if type(one) is list:
                    target.append([])
                    pending.append((one, target[-1]))
                else:
                    target.append(self._scalar(one))
        return copy

    def _scalar(self, value: Any) -> Value:
        if type(value) is int:
            self._meter.bits(value.bit_length(), "the input")
        elif type(value) is float and not -_LARGEST <= value <= _LARGEST:
            raise Refusal(Fault.NOT_FINITE, {"operation": "the input"})
        elif type(value) not in (bool, float, str):
            raise Refusal(Fault.INPUT_TYPE, {"name": "", "expected": "made of numbers and texts", "value": "that"})
        return value

    def _finish(self, entry: Code, result: Value) -> Mapping[str, Any]:
        try:
            place = entry.place
            unwritten = self._circuit.registers.finish()
            place = self._machine.returned_at
            outputs = outputs_of(result, self._meter)
        except Refusal as refusal:
            self._report.fail(refusal.fault, refusal.place or place, **refusal.facts)
        if unwritten:
            bits = printable(", ".join(map(str, unwritten)), limit=60)
            self._report.warn(Fault.UNUSED_REGISTER, entry.place, bits=bits)
        return outputs


def _shown(value: Any) -> str:
    return describe(value) if type(value) in (int, float, bool, str, list, dict, type(None)) else "that"


_LARGEST = 1.7976931348623157e308
