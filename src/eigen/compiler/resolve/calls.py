"""Calls to code: who is called is decided here, and whether the arguments fit."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.report import Report, did_you_mean
from eigen.compiler.resolve.expressions import Expressions
from eigen.compiler.resolve.scopes import FOREIGN_HINTS, Module, arity
from eigen.compiler.source_text import Place
from eigen.compiler.symbols import BUILTINS, MATH_FUNCTIONS, OBSERVABLES, QUANTUM, Signature
from eigen.contracts.gates import Gate

__all__ = ["Calls"]

_PAULI_GATES = frozenset("xyz")


class Calls(Expressions):
    """Translates expressions and calls of one function.

    Args:
        module: What the module's names mean.
        report: Where faults are noted.
        slots: Names of the local variables; grows.
        is_module: Whether this is the code of the module itself, where nothing of the circuit may be called.
    """

    def __init__(self, module: Module, report: Report, slots: list[str], *, is_module: bool = False) -> None:
        super().__init__(module, report, slots)
        self._is_module = is_module
        self._table[ast.Call] = self._call
        self._gates = module.gates

    def _call(self, node: ast.Call) -> None:
        """Translate a call whose result is wanted; a gate has none."""
        if self._is_gate(node.func):
            name = _written(node)
            pauli = f"; if you mean the observable, write {name.upper()}(…)" if name in _PAULI_GATES else ""
            self._report.add(Fault.GATE_VALUE, _place(node), name=name, instead=f"write it on a line of its own{pauli}")
            self.assembler.plan((c.CONST, None, _place(node)))
        self.call(node)

    def _is_gate(self, function: ast.expr) -> bool:
        name = function.id if isinstance(function, ast.Name) else ""
        return name in self._gates and name not in self._module.functions and not self._is_variable(name)

    def _is_variable(self, name: str) -> bool:
        return self.is_local(name) or name in self._module.constants

    def call(self, node: ast.Call) -> None:
        """Translate a call; gates leave no result."""
        function = node.func
        name = function.id if isinstance(function, ast.Name) else ""
        if not name:
            self._attribute_call(node)
        elif self._is_variable(name):
            self._refused(node, Fault.NOT_A_FUNCTION, name=name)
        elif name in self._module.functions:
            self._user_call(node, name)
        elif name in self._gates:
            self.gate_call(node)
        else:
            self._named_call(node, name, self._module.original(name))

    def _attribute_call(self, node: ast.Call) -> None:
        function = node.func
        assert isinstance(function, ast.Attribute)  # noqa: S101  # the check pass refused all else
        value = function.value
        if isinstance(value, ast.Name) and value.id in self._module.modules and not self.is_local(value.id):
            self._math_call(node, function.attr, module=value.id)
        elif isinstance(value, ast.Name) and value.id == "math":
            self._refused(node, Fault.UNKNOWN_NAME, name="math", instead="write `import math`")
        else:
            self._refused(node, Fault.METHOD_CALL, name=function.attr, instead="use a function or an operator")

    def _math_call(self, node: ast.Call, name: str, *, module: str) -> None:
        if name in MATH_FUNCTIONS:
            self._module.used_imports.add(module)
            self._builtin_call(node, name, MATH_FUNCTIONS[name])
        else:
            instead = did_you_mean(name, MATH_FUNCTIONS, otherwise="see the reference for what math has")
            self._refused(node, Fault.UNKNOWN_FUNCTION, name=f"math.{name}", instead=instead)

    def _named_call(self, node: ast.Call, name: str, original: str) -> None:
        if original in QUANTUM:
            self._quantum_call(node, original)
        elif original in OBSERVABLES:
            self._builtin_call(node, original, OBSERVABLES[original])
        elif name in BUILTINS:
            self._builtin_call(node, name, BUILTINS[name])
        elif (function := self._module.math_name(name)) in MATH_FUNCTIONS:
            self._module.used_imports.add(name)
            self._builtin_call(node, function, MATH_FUNCTIONS[function])
        else:
            instead = FOREIGN_HINTS.get(name) or did_you_mean(
                name, self._module.callable_names(), otherwise="define it with def, or see the reference"
            )
            self._refused(node, Fault.UNKNOWN_FUNCTION, name=name, instead=instead)

    def _refused(self, node: ast.Call, fault: Fault, **facts: Any) -> None:
        """Note a fault of a call, and go on with its arguments to find the next one."""
        self._report.add(fault, _place(node.func), **facts)
        self._go_on(node)

    def _go_on(self, node: ast.Call) -> None:
        drop = (c.POP, None, _place(node))
        drops = [part for one in self._arguments(node) for part in (one, drop)]
        result = () if self._is_gate(node.func) else ((c.CONST, None, _place(node)),)
        self.assembler.plan(*drops, *result)

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        return [*node.args, *(one.value for one in node.keywords)]

    def _keywords(self, node: ast.Call) -> tuple[str, ...]:
        names: list[str] = []
        for one in node.keywords:
            if one.arg in names:
                self._report.add(Fault.DOUBLE_ARGUMENT, _place(one), name=_written(node), argument=one.arg)
            names.append(one.arg or "")
        return tuple(names)

    def _builtin_call(self, node: ast.Call, name: str, signature: Signature) -> None:
        call = self._checked(node, name, signature)
        self.operands(self._arguments(node), c.BUILTIN, call, _place(node))

    def _quantum_call(self, node: ast.Call, name: str) -> None:
        if self._is_module:
            self._refused(node, Fault.TOP_LEVEL_CALL, name=name)
            return
        call = self._checked(node, name, QUANTUM[name])
        self.operands(self._arguments(node), c.QUANTUM, call, _place(node))

    def _checked(self, node: ast.Call, name: str, signature: Signature) -> c.Call:
        """Check the number and names of arguments against a signature."""
        given = len(node.args)
        keywords = self._keywords(node)
        names = _argument_names(signature)
        missing = [one for one in names[given : signature.least] if one not in keywords]
        if signature.most >= 0 and given > signature.most:
            self._report.add(
                Fault.TOO_MANY_ARGUMENTS, _place(node), name=name, expected=arity(signature), given=given,
                signature=signature.text,
            )  # fmt: skip
        elif missing:
            self._report.add(
                Fault.MISSING_ARGUMENT, _place(node), name=name, argument=missing[0], signature=signature.text
            )
        for one in node.keywords:
            if one.arg not in signature.keywords:
                otherwise = f"write {signature.text}"
                instead = did_you_mean(one.arg or "", signature.keywords, otherwise=otherwise)
                self._report.add(Fault.UNKNOWN_ARGUMENT, _place(one), name=name, argument=one.arg, instead=instead)
            elif one.arg in names[:given]:
                self._report.add(Fault.DOUBLE_ARGUMENT, _place(one), name=name, argument=one.arg)
        return c.Call(name, -1, given, keywords, given + len(keywords))

    def _user_call(self, node: ast.Call, name: str) -> None:
        if self._is_module:
            self._refused(node, Fault.TOP_LEVEL_CALL, name=name)
            return
        index = self._module.functions[name]
        keywords = self._keywords(node)
        self._check_user_call(node, name, self._module.signatures[index], keywords)
        call = c.Call(name, index, len(node.args), keywords, len(node.args) + len(keywords))
        self.operands(self._arguments(node), c.CALL, call, _place(node))

    def _check_user_call(self, node: ast.Call, name: str, arguments: ast.arguments, keywords: Iterable[str]) -> None:
        positional = [one.arg for one in arguments.args]
        names = [*positional, *(one.arg for one in arguments.kwonlyargs)]
        signature = f"{name}({', '.join(names)})"
        given = set(positional[: len(node.args)])
        if len(node.args) > len(positional):
            expected = f"{len(positional)} argument{'' if len(positional) == 1 else 's'}"
            self._report.add(
                Fault.TOO_MANY_ARGUMENTS, _place(node), name=name, expected=expected, given=len(node.args),
                signature=signature,
            )  # fmt: skip
        for keyword in keywords:
            if keyword in given:
                self._report.add(Fault.DOUBLE_ARGUMENT, _place(node), name=name, argument=keyword)
            elif keyword not in names:
                instead = did_you_mean(keyword, names, otherwise=f"write {signature}")
                self._report.add(Fault.UNKNOWN_ARGUMENT, _place(node), name=name, argument=keyword, instead=instead)
        optional = {*positional[len(positional) - len(arguments.defaults) :]} | {
            one.arg for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
        }
        missing = [one for one in names if one not in given and one not in keywords and one not in optional]
        if missing:
            self._report.add(Fault.MISSING_ARGUMENT, _place(node), name=name, argument=missing[0], signature=signature)

    def gate_call(self, node: ast.Call) -> None:
        """Translate a call of a gate."""
        name = _written(node)
        call, gate = self._gates[name]
        if self._is_module:
            self._refused(node, Fault.TOP_LEVEL_CALL, name=name)
            return
        if any(one.arg not in gate.params for one in node.keywords):
            self._unknown_operands(node, name, gate)
            return
        operands = node.args if not node.keywords else self._gate_operands(node, name, gate)
        if len(operands) != call.size or len(node.args) < call.num_qubits:
            self._wrong_gate_arity(node, name, gate, len(operands))
        else:
            self.operands(operands, c.GATE, (call, tuple(map(_place, operands))), _place(node))

    def _unknown_operands(self, node: ast.Call, name: str, gate: Gate) -> None:
        """Tell of names that no angle has; where qubits are missing, they are taken for those of qubits."""
        for keyword in node.keywords:
            argument, place = keyword.arg or "", _place(keyword)
            if argument in gate.params:
                continue
            if len(node.args) < gate.num_qubits:
                signature = _signature(gate, "=…")
                self._report.add(Fault.QUBIT_BY_NAME, place, name=name, argument=argument, signature=signature)
            else:
                instead = did_you_mean(argument, gate.params, otherwise=f"write {_signature(gate)}")
                self._report.add(Fault.UNKNOWN_ARGUMENT, place, name=name, argument=argument, instead=instead)
        self._go_on(node)

    def _gate_operands(self, node: ast.Call, name: str, gate: Gate) -> list[ast.expr]:
        """Return the operands in the gate's order, where angles are given by name."""
        by_name = dict(zip(self._keywords(node), (one.value for one in node.keywords), strict=True))
        operands = list(node.args)
        for index, angle in enumerate(gate.params):
            if angle in by_name and gate.num_qubits + index < len(node.args):
                self._report.add(Fault.DOUBLE_ARGUMENT, _place(node), name=name, argument=angle)
            elif angle in by_name:
                operands.append(by_name[angle])
        return operands

    def _wrong_gate_arity(self, node: ast.Call, name: str, gate: Gate, given: int) -> None:
        """Say what is missing or too much, and go on with the arguments."""
        expected = gate.num_qubits + len(gate.params)
        signature = _signature(gate)
        if given > expected:
            words = f"{gate.num_qubits} qubit{'s' if gate.num_qubits > 1 else ''}"
            if gate.params:
                words += f" and {len(gate.params)} angle{'s' if len(gate.params) > 1 else ''}"
            self._refused(
                node, Fault.TOO_MANY_ARGUMENTS, name=name, expected=words, given=f"{given} arguments",
                signature=f"{signature}; lists of qubits stand in brackets",
            )  # fmt: skip
            return
        names = signature.partition("(")[2].rstrip(")").split(", ")
        by_name = {one.arg for one in node.keywords}
        missing = next((one for one in names[len(node.args) :] if one not in by_name), names[-1])
        self._refused(node, Fault.MISSING_ARGUMENT, name=name, argument=missing, signature=signature)


def _argument_names(signature: Signature) -> list[str]:
    """Return the names of a function's arguments, in order, up to those of which there may be any number."""
    arguments = signature.text.partition("(")[2].partition(")")[0].partition(", …")[0]
    return [one.partition("=")[0] for one in arguments.split(", ")]


def _signature(gate: Gate, behind_names: str = "") -> str:
    qubits = ["qubit"] if gate.num_qubits == 1 else [f"qubit{index}" for index in range(gate.num_qubits)]
    return f"{gate.name}({', '.join([*qubits, *(one + behind_names for one in gate.params)])})"


def _written(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _place(node: ast.expr | ast.keyword) -> Place:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
