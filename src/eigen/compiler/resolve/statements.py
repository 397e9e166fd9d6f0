"""Statements to code: assignments, loops, branches, returns."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import partial
from typing import Any

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.report import Report
from eigen.compiler.resolve.assembler import Label, Planned
from eigen.compiler.resolve.calls import Calls
from eigen.compiler.resolve.expressions import OPERATORS
from eigen.compiler.resolve.scopes import Module
from eigen.compiler.source_text import Place
from eigen.compiler.symbols import BUILTINS, GATE_NAMES, MATH_FUNCTIONS, OBSERVABLES

__all__ = ["Statements"]


@dataclass(frozen=True, slots=True)
class _Loop:
    again: Label
    exit: Label
    has_iterator: bool
    num_branches: int  # open branches around the loop


class Statements(Calls):
    """Translates the statements of one function.

    Args:
        module: What the module's names mean.
        report: Where faults are noted.
        slots: Names of the local variables; grows.
        is_module: Whether this is the code of the module itself.
    """

    def __init__(self, module: Module, report: Report, slots: list[str], *, is_module: bool = False) -> None:
        super().__init__(module, report, slots, is_module=is_module)
        self._loops: list[_Loop] = []
        self._branches: list[int] = []
        self._num_branches = 0
        self._table |= {
            ast.Expr: self._expression,
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.AnnAssign: self._annotated,
            ast.For: self._for,
            ast.While: self._while,
            ast.If: self._if,
            ast.Return: self._return,
            ast.Assert: self._assert,
            ast.Pass: lambda _node: None,
            ast.Break: lambda node: self._leave_loop(node, "break"),
            ast.Continue: lambda node: self._leave_loop(node, "continue"),
        }

    def _expression(self, node: ast.Expr) -> None:
        value = node.value
        if not isinstance(value, ast.Call):  # a docstring
            return
        if self._is_gate(value.func):
            self.gate_call(value)
            return
        self.assembler.plan((c.POP, None, _place(node)))
        if self._is_pure(value.func):
            self._report.add(Fault.NO_EFFECT, _place(node), instead=self._effect_instead(value.func))
        self.call(value)

    def _effect_instead(self, function: ast.expr) -> str:
        name = self._module.original(function.id) if isinstance(function, ast.Name) else ""
        gate = f"; the gate is {name.lower()}(…)" if name in OBSERVABLES and name.lower() in GATE_NAMES else ""
        return f"use its value, or delete it{gate}"

    def _is_pure(self, function: ast.expr) -> bool:
        """Whether a call of this function only computes a value."""
        if isinstance(function, ast.Attribute):
            return function.attr in MATH_FUNCTIONS
        name = function.id if isinstance(function, ast.Name) else ""
        is_taken = self._is_variable(name) or name in self._module.functions
        is_function = name in BUILTINS or self._module.math_name(name) in MATH_FUNCTIONS
        return not is_taken and (is_function or self._module.original(name) in OBSERVABLES)

    def _assign(self, node: ast.Assign) -> None:
        items: list[Planned] = [node.value]
        for index, target in enumerate(node.targets):
            if index < len(node.targets) - 1:
                items.append((c.DUP, None, _place(target)))
            items.append(self._stored(target))
        self.assembler.plan(*items)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assembler.plan(node.value, self._stored(node.target))

    def _stored(self, target: ast.expr) -> Any:
        return lambda: self.store(target, guarded=bool(self._branches))

    def _augmented(self, node: ast.AugAssign) -> None:
        place, target = _place(node), node.target
        augment = (c.AUGMENT, OPERATORS[type(node.op)], place)
        if isinstance(target, ast.Subscript):
            self.assembler.plan(
                target.value,
                target.slice,
                (c.DUP2, None, place),
                (c.INDEX, None, _place(target)),
                node.value,
                augment,
                (c.STORE_INDEX, True, _place(target)),
            )
        else:
            self.assembler.plan(target, node.value, augment, self._stored(target))

    def _for(self, node: ast.For) -> None:
        place, start, again, leave = _place(node.iter), Label(), Label(), Label()
        self.assembler.plan(
            node.iter,
            (c.ITERATE, None, place),
            self._jump(c.JUMP, again, place),
            self._entered(_Loop(again, leave, has_iterator=True, num_branches=len(self._branches))),
            start,
            partial(self.store_next, node.target),
            *node.body,
            again,
            partial(self.next_element, node.target, start, place),
            self._left,
            *node.orelse,
            leave,
        )

    def _while(self, node: ast.While) -> None:
        place, start, end, leave = _place(node.test), Label(), Label(), Label()
        self.assembler.plan(
            start,
            node.test,
            self._jump(c.SKIP_UNLESS, (end, "a while loop"), place),
            self._entered(_Loop(start, leave, has_iterator=False, num_branches=len(self._branches))),
            *node.body,
            self._jump(c.JUMP, start, place),
            self._left,
            end,
            *node.orelse,
            leave,
        )

    def _entered(self, loop: _Loop) -> Any:
        return lambda: self._loops.append(loop)

    def _left(self) -> None:
        self._loops.pop()

    def _leave_loop(self, node: ast.Break | ast.Continue, keyword: str) -> None:
        place = _place(node)
        if not self._loops:
            self._report.add(Fault.MISPLACED_KEYWORD, place, keyword=keyword, around="loop")
            return
        loop = self._loops[-1]
        self._check_leave(keyword, self._branches[loop.num_branches :], place)
        if keyword == "continue":
            self.assembler.jump(c.JUMP, loop.again, place)
            return
        if loop.has_iterator:
            self.assembler.emit(c.UNWIND, None, place)
        self.assembler.jump(c.JUMP, loop.exit, place)

    def _check_leave(self, keyword: str, branches: list[int], place: Place) -> None:
        if branches:
            self.assembler.emit(c.LEAVE, (keyword, frozenset(branches)), place)

    def _if(self, node: ast.If) -> None:
        place, otherwise, end = _place(node.test), Label(), Label()
        number, has_else = self._num_branches, bool(node.orelse)
        self._num_branches += 1
        items: list[Planned] = [
            node.test,
            self._jump(c.BRANCH, c.Branch(number, otherwise, has_else), place),  # type: ignore[arg-type]  # a label yet
            lambda: self._branches.append(number),
            *node.body,
            self._jump(c.END_THEN, c.Branch(number, end, has_else), place),  # type: ignore[arg-type]  # a label yet
            otherwise,
            *node.orelse,
        ]
        if has_else:
            items.append((c.END_ELSE, c.Branch(number, -1, has_else), place))
        self.assembler.plan(*items, end, self._end_branch)

    def _end_branch(self) -> None:
        self._branches.pop()

    def _return(self, node: ast.Return) -> None:
        place = _place(node)
        value: Planned = node.value if node.value is not None else (c.CONST, None, place)
        self.assembler.plan(value, lambda: self._check_leave("return", self._branches, place), (c.RETURN, None, place))

    def _assert(self, node: ast.Assert) -> None:
        message: Planned = node.msg if node.msg is not None else (c.CONST, None, _place(node))
        self.assembler.plan(node.test, message, (c.ASSERT, None, _place(node.test)))


def _place(node: Any) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
