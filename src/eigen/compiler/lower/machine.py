"""The machine that runs flat code over static values.

Theory: a stack machine whose calls are frames on a list, so that nothing a user writes can recurse in ours. Every
instruction is one step, paid for by the thousand, and what takes more time or memory than the simplest ones is charged
to the meter besides, in units of such steps: so a run ends, whatever the program. A branch on a measured bit
is not decided here: its block is run under a condition that every operation emitted in it bears.

What never happens here: `eval`, `exec`, `getattr` or a method call by a user's name. The loop tests the most frequent
instructions first, inline, because a call of a Python function costs more than they do; all others are in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import repeat as times
from operator import length_hint
from types import MappingProxyType

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.code import (
    BINARY,
    BRANCH,
    CALL,
    COMPARE,
    CONST,
    ELEMENT_AT,
    GATE,
    INDEX,
    JUMP,
    LOAD,
    NEXT,
    NEXT_EACH,
    NUM_INSTRUCTIONS,
    OPERATE,
    RETURN,
    SKIP_UNLESS,
    STORE,
    Branch,
    Call,
    Code,
)
from eigen.compiler.fault import FaultKind
from eigen.compiler.lower.branches import Branches
from eigen.compiler.lower.circuit import Circuit
from eigen.compiler.lower.conditions import test_of
from eigen.compiler.lower.functions import truth
from eigen.compiler.lower.logic import LogicStack
from eigen.compiler.lower.meter import STEPS_AT_ONCE, Meter
from eigen.compiler.lower.operators import augmented, binary, compared
from eigen.compiler.lower.sequences import get_item, set_item, unpack
from eigen.compiler.lower.values import UNBOUND, QubitRegister, Value
from eigen.compiler.report import MAX_DIAGNOSTICS, Refusal, refuse
from eigen.compiler.source_text import NO_PLACE, Place

__all__ = ["Machine"]

_FREE_SLOTS = 32  # a call that clears more variables is charged for them
_DEAR = {
    c.QUANTUM: 40, c.BRANCH: 16, c.END_THEN: 12, c.END_ELSE: 12, c.BUILTIN: 10, c.CALL: 6, c.INSERT: 6, c.UNPACK: 6,
    c.PULL: 5, c.AUGMENT: 5, c.SLICE: 5, c.RETURN: 3, c.POP: 1, c.GLOBAL: 1,
}  # fmt: skip
_COSTS = tuple(_DEAR.get(op, 2) for op in range(NUM_INSTRUCTIONS))
"""What the instructions that are not done inline cost, above the step that each one counts."""

_FAULTS_OF_ONE_GATE = frozenset({Fault.ANGLE_EXPECTED, Fault.BROADCAST, Fault.DUPLICATE_QUBIT, Fault.QUBIT_FIRST})
"""Faults of a gate that say nothing about what comes after it."""

_SET_ASIDE_STEPS = 100

_Frame = tuple[Code, int, list[Value], int]
"""Where a call goes back to: code, position, variables, and the height of the stack below what was called."""


class Machine(LogicStack):
    """Runs the code of one program.

    Args:
        functions: Code of every function.
        circuit: Takes what is emitted.
        meter: What the program may use.
        constants: Names of the module's constants, by slot.

    Attributes:
        returned_at: Where the last return stands.
        set_aside: Faults of single gates, which were left out, with the calls around each; one for a fault and place.
    """

    def __init__(self, functions: tuple[Code, ...], circuit: Circuit, meter: Meter, constants: tuple[str, ...]) -> None:
        super().__init__(circuit, meter)
        self._functions = functions
        self._constant_names = constants
        self._constants: list[Value] = [UNBOUND] * len(constants)
        self._frames: list[_Frame] = []
        self._branches = Branches(circuit, meter)
        self._code = functions[0]
        self.returned_at = NO_PLACE
        self.set_aside: dict[tuple[FaultKind, Place], tuple[Refusal, list[tuple[Code, Place]]]] = {}
        self._variables: list[Value] = []
        self._table |= {
            c.PULL: self._pull,
            c.GLOBAL: self._global,
            c.BRANCH: self._branch,
            c.END_THEN: self._end_then,
            c.END_ELSE: self._end_else,
            c.CALL: self._call,
            c.RETURN: self._return,
            c.QUANTUM: self._quantum,
            c.STORE_GUARDED: self._store_guarded,
            c.STORE_GLOBAL: self._store_global,
            c.AUGMENT: self._augment,
            c.STORE_INDEX: self._store_index,
            c.LEAVE: self._leave,
        }

    def run(self, code: Code, variables: list[Value]) -> Value:
        """Run a function, or the module, to its end.

        Args:
            code: Its code.
            variables: Its arguments; grows to all of its variables.

        Returns:
            What it returns.

        Raises:
            Refusal: It cannot go on; `trace` says where it stands.
        """
        self._stack.clear()
        self._enter(code, variables, 0)
        stack, table, gate, meter = self._stack, self._table, self._circuit.gate, self._meter
        instructions, held = self._code.instructions, self._variables
        position = 0
        try:
            while True:
                steps = times(None, STEPS_AT_ONCE)
                for _ in steps:
                    op, argument = instructions[position]
                    position += 1
                    if op <= ELEMENT_AT:
                        slot, index = argument
                        if op == ELEMENT_AT:
                            if held[index] is UNBOUND:
                                self._refuse_unbound(index)
                            index = held[index]
                        value = held[slot]
                        if (
                            value.__class__ is QubitRegister
                            and index.__class__ is int
                            and 0 <= index < len(value.items)
                        ):
                            stack.append(value.items[index])
                        elif value is UNBOUND:
                            self._refuse_unbound(slot)
                        else:
                            stack.append(get_item(value, index, meter))
                    elif op == GATE:
                        call, places = argument
                        operands = stack[-call.size :]
                        del stack[-call.size :]
                        try:
                            gate(call, operands, places)
                        except Refusal as refusal:
                            self._position = position
                            self._set_aside(refusal)
                    elif op <= NEXT_EACH:
                        start, slot = argument
                        for value in stack[-1]:
                            if op == NEXT:
                                held[slot] = value
                            else:
                                if value.__class__ is not tuple or len(value) != len(slot):
                                    value = unpack(value, len(slot))
                                for each, one in zip(slot, value, strict=True):
                                    held[each] = one
                            position = start
                            break
                        else:
                            stack.pop()
                    elif op == LOAD:
                        value = held[argument]
                        if value is UNBOUND:
                            self._refuse_unbound(argument)
                        stack.append(value)
                    elif op == CONST:
                        stack.append(argument)
                    elif op == OPERATE:
                        slot, right, symbol = argument
                        value = held[slot]
                        if value is UNBOUND:
                            self._refuse_unbound(slot)
                        stack.append(binary(symbol, value, right, meter))
                    elif op == BINARY:
                        right = stack.pop()
                        stack[-1] = binary(argument, stack[-1], right, meter)
                    elif op == STORE:
                        held[argument] = stack.pop()
                    elif op == INDEX:
                        index = stack.pop()
                        value = stack[-1]
                        if (
                            value.__class__ is QubitRegister
                            and index.__class__ is int
                            and 0 <= index < len(value.items)
                        ):
                            stack[-1] = value.items[index]
                        else:
                            stack[-1] = get_item(value, index, meter)
                    elif op == COMPARE:
                        right = stack.pop()
                        stack[-1] = compared(argument, stack[-1], right, meter)
                    elif op == JUMP:
                        position = argument
                    elif op == SKIP_UNLESS and stack[-1].__class__ is bool:
                        if not stack.pop():
                            position = argument[0]
                    elif op == BRANCH and stack[-1].__class__ is bool:
                        if not stack.pop():
                            position = argument.target
                    else:
                        meter.charge(_COSTS[op])
                        self._position = position
                        table[op](argument)
                        position = self._position
                        if op in (CALL, RETURN):
                            if not self._frames:
                                meter.charge(STEPS_AT_ONCE - length_hint(steps))
                                return stack.pop()
                            instructions, held = self._code.instructions, self._variables
                meter.charge(STEPS_AT_ONCE)
        finally:
            self._position = position

    def _set_aside(self, refusal: Refusal) -> None:
        """Keep what is wrong with one gate, and go on without it: nothing else depends on it."""
        self._meter.charge(_SET_ASIDE_STEPS)
        if refusal.fault not in _FAULTS_OF_ONE_GATE or len(self.set_aside) >= MAX_DIAGNOSTICS:
            raise refusal
        (_, place), *calls = self.trace
        self.set_aside.setdefault((refusal.fault, refusal.place or place), (refusal, calls))

    @property
    def trace(self) -> list[tuple[Code, Place]]:
        """Where the machine stands: the instruction that failed, and then each call around it, inner ones first."""
        standing = [(self._code, self._position), *((code, position) for code, position, _, _ in self._frames[:0:-1])]
        return [(code, code.places[max(position - 1, 0)]) for code, position in standing]

    # Variables and the stack

    def _refuse_unbound(self, slot: int) -> None:
        refuse(Fault.UNBOUND, name=self._code.slots[slot], instead="assign it on every way that leads here")

    def _global(self, slot: int) -> None:
        value = self._constants[slot]
        if value is UNBOUND:
            refuse(Fault.UNBOUND, name=self._constant_names[slot], instead="define it further up")
        self._stack.append(value)

    def _store_global(self, slot: int) -> None:
        self._constants[slot] = self._stack.pop()

    def _store_guarded(self, slot: int) -> None:
        if self._branches.protects(slot, len(self._frames)):
            refuse(Fault.CONDITION_REBIND, name=self._code.slots[slot])
        self._variables[slot] = self._stack.pop()

    # Calls

    def _enter(self, code: Code, arguments: list[Value], base: int) -> None:
        self._frames.append((self._code, self._position, self._variables, base))
        self._code, self._position = code, 0
        self._variables = arguments + [UNBOUND] * (len(code.slots) - len(arguments))

    def _call(self, call: Call) -> None:
        code = self._functions[call.target]
        stack = self._stack
        base = len(stack) - call.size
        values = stack[base:]
        del stack[base:]
        if call.keywords or call.size < code.num_arguments:
            values = self._bound(code, call, values)
        if len(self._frames) > self._meter.limits.call_depth:
            refuse(Fault.CALL_DEPTH, limit=self._meter.limits.call_depth)
        if len(code.slots) > _FREE_SLOTS:
            self._meter.charge(len(code.slots))
        self._enter(code, values, base)

    def _bound(self, code: Code, call: Call, values: list[Value]) -> list[Value]:
        """Return a call's arguments in the order of the function's; that they fit was checked before."""
        bound = values[: call.num_positional]
        bound += [UNBOUND] * (code.num_arguments - len(bound))
        for name, value in zip(call.keywords, values[call.num_positional :], strict=True):
            bound[code.slots.index(name)] = value
        for index, slot in code.defaults.items():
            if bound[index] is UNBOUND:
                bound[index] = self._constants[slot]
        return bound

    def _return(self, _argument: Value) -> None:
        result = self._stack.pop()
        self.returned_at = self._code.places[self._position - 1]
        self._code, self._position, self._variables, base = self._frames.pop()
        del self._stack[base:]
        self._stack.append(result)

    def default(self, code: Code, index: int) -> Value:
        """Return the default of a function's argument, or `UNBOUND`, once the module has run."""
        return self._constants[code.defaults[index]] if index in code.defaults else UNBOUND

    def _quantum(self, call: Call) -> None:
        positional, by_name = self._arguments(call)
        place = self._code.places[self._position - 1]
        self._stack.append(QUANTUM_CALLS[call.name](self._circuit, positional, place, **by_name))

    # Values

    def _pull(self, target: int) -> None:
        for element in self._stack[-1]:
            self._stack.append(element)
            self._position = target
            return
        self._stack.pop()

    def _augment(self, symbol: str) -> None:
        right = self._stack.pop()
        is_conditional = self._branches.is_any_open
        self._stack[-1] = augmented(symbol, self._stack[-1], right, self._meter, is_conditional=is_conditional)

    def _store_index(self, is_last: bool) -> None:  # an instruction has one argument
        first, second, third = self._taken(3)
        if self._branches.is_any_open:
            refuse(Fault.CONDITION_MUTATE)
        if is_last:
            set_item(first, second, third, self._meter)
        else:
            set_item(second, third, first, self._meter)

    # Branches on measured bits

    def _branch(self, branch: Branch) -> None:
        value = self._stack.pop()
        test = test_of(value)
        if test is not None:
            self._branches.begin(branch, test, len(self._frames), self._variables)
        elif not truth(value, "an if statement"):
            self._position = branch.target

    def _end_then(self, branch: Branch) -> None:
        is_open = self._branches.is_innermost(branch, len(self._frames))
        if not is_open or not self._branches.otherwise(branch, self._variables):
            self._position = branch.target

    def _end_else(self, branch: Branch) -> None:
        if self._branches.is_innermost(branch, len(self._frames)):
            self._branches.end(self._variables)

    def _leave(self, argument: tuple[str, frozenset[int]]) -> None:
        keyword, numbers = argument
        self._branches.check_leave(keyword, numbers, len(self._frames))


QUANTUM_CALLS: Mapping[str, Callable[..., Value]] = MappingProxyType(
    {
        "ClassicalRegister": lambda circuit, values, _place, **by_name: circuit.registers.new_bits(*values, **by_name),
        "ExpectationValue": lambda circuit, *arguments, **by_name: circuit.expectation_value(*arguments, **by_name),
        "Param": lambda circuit, values, _place, **by_name: circuit.parameter(*values, **by_name),
        "ParamVector": lambda circuit, values, _place, **by_name: circuit.parameters_of(*values, **by_name),
        "QubitRegister": lambda circuit, values, _place, **by_name: circuit.registers.new_qubits(*values, **by_name),
        "barrier": lambda circuit, values, place: circuit.barrier(values, place),
        "measure": lambda circuit, values, place, **by_name: circuit.measure(values, place, **by_name),
        "measure_all": lambda circuit, _values, _place, **by_name: circuit.measure_all(**by_name),
        "minimize": lambda circuit, values, _place, **by_name: circuit.minimize(values, **by_name),
        "reset": lambda circuit, values, place: circuit.reset(values, place),
    }
)
"""Declarations and operations that are not gates, by name: of the circuit, the arguments, and where they stand."""
