"""What a program writes down and never uses, each told as a warning, so that nothing is dropped in silence.

Values and arguments that nothing reads, functions that nobody calls, imports without use, statements behind a `return`,
and values that the next line replaces. A name that begins with `_` says that it is meant. What a call may do to the
circuit is a use, whatever becomes of its result.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.code import Code
from eigen.compiler.report import Report
from eigen.compiler.resolve.scopes import Module, bound_names, target_names
from eigen.compiler.source_text import Place
from eigen.compiler.symbols import BUILTINS, OBSERVABLES

__all__ = ["warn_of_unused"]

_LEAVING = {ast.Return: "return", ast.Break: "break", ast.Continue: "continue"}


def warn_of_unused(
    body: Sequence[ast.stmt], entry: ast.FunctionDef, module: Module, codes: Sequence[Code], report: Report
) -> None:
    """Note what is never used.

    Args:
        body: Statements of the module.
        entry: The decorated function.
        module: What its names mean.
        codes: Code of the module, then of every function in order.
        report: Where warnings are noted.
    """
    _Usage(module, report).run(body, entry, codes)


class _Usage:
    def __init__(self, module: Module, report: Report) -> None:
        self._module = module
        self._report = report

    def run(self, body: Sequence[ast.stmt], entry: ast.FunctionDef, codes: Sequence[Code]) -> None:
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        read_constants, called = _used_globally(codes)
        unread = {name for name, slot in self._module.constants.items() if slot not in read_constants}
        self._assignments(body, "the constant", unread)
        self._imports(body)
        self._blocks(body)
        for index, (function, code) in enumerate(zip(functions, codes[1:], strict=True)):
            if function is not entry and index not in called and not function.name.startswith("_"):
                self._report.warn(Fault.UNCALLED, code.place, name=function.name)
            self._function(function, code, "the input" if function is entry else "the argument")

    def _function(self, function: ast.FunctionDef, code: Code, what: str) -> None:
        read = _read_slots(code)
        arguments = [*function.args.args, *function.args.kwonlyargs]
        for slot, argument in enumerate(arguments):
            if slot not in read and not argument.arg.startswith("_"):
                self._report.warn(Fault.UNUSED, _place(argument), what=what, name=argument.arg)
        num_names = len({*(one.arg for one in arguments), *bound_names(function.body)})
        names = enumerate(code.slots[:num_names])
        self._assignments(function.body, "the variable", {name for slot, name in names if slot not in read})
        self._blocks(function.body)

    def _assignments(self, body: Iterable[ast.stmt], what: str, unread: set[str]) -> None:
        """Warn of names that are assigned in vain, each at its first assignment."""
        left = {name for name in unread if not name.startswith("_")}
        for statement in _statements(body) if left else ():
            for target in _pure_targets(statement, self._module):
                for name in left.intersection(target_names(target)):
                    left.remove(name)
                    self._report.warn(Fault.UNUSED, _place(target), what=what, name=name)

    def _imports(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module == "math"):
                for alias in node.names:
                    name = alias.asname or alias.name
                    if name not in self._module.used_imports and not name.startswith("_"):
                        self._report.warn(Fault.UNUSED, _place(alias), what="the import", name=name)

    def _blocks(self, body: Sequence[ast.stmt]) -> None:
        """Warn of what cannot be reached, and of values that are replaced at once, in all blocks of a function."""
        stack = [body]
        while stack:
            block = stack.pop()
            for statement, following in pairwise(block):
                if type(statement) in _LEAVING:
                    self._report.warn(Fault.UNREACHABLE, _place(following), keyword=_LEAVING[type(statement)])
                    break
                self._replaced(statement, following)
            stack += [inner for one in block for inner in _inner_blocks(one)]

    def _replaced(self, statement: ast.stmt, following: ast.stmt) -> None:
        if not isinstance(statement, ast.Assign) or not isinstance(following, ast.Assign):
            return
        target, next_target = statement.targets[0], following.targets[0]
        if not isinstance(target, ast.Name) or not isinstance(next_target, ast.Name) or target.id != next_target.id:
            return
        is_read = any(isinstance(one, ast.Name) and one.id == target.id for one in ast.walk(following.value))
        if not is_read and len(statement.targets) == 1 and _is_pure(statement.value, self._module):
            self._report.warn(Fault.REPLACED, _place(target), name=target.id)


def _used_globally(codes: Sequence[Code]) -> tuple[set[int], set[int]]:
    """Return the slots of constants that are read, defaults among them, and the functions that others call."""
    read: set[int] = set()
    called: set[int] = set()
    for index, code in enumerate(codes, -1):
        read.update(code.defaults.values())
        for op, argument in code.instructions:
            if op == c.GLOBAL:
                read.add(argument)
            elif op == c.CALL and argument.target != index:
                called.add(argument.target)
    return read, called


def _read_slots(code: Code) -> Container[int]:
    read: set[int] = set()
    for op, argument in code.instructions:
        if op == c.LOAD:
            read.add(argument)
        elif op in (c.ELEMENT, c.OPERATE):
            read.add(argument[0])
        elif op == c.ELEMENT_AT:
            read.update(argument)
    return read


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and those inside of them, but not those of functions."""
    stack = list(body)[::-1]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed([one for block in _inner_blocks(node) for one in block])


def _inner_blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    return [node.body, node.orelse] if isinstance(node, ast.For | ast.While | ast.If) else []


def _pure_targets(statement: ast.stmt, module: Module) -> list[ast.expr]:
    """Return what a statement assigns a value to whose computation does nothing else."""
    if isinstance(statement, ast.Assign) and _is_pure(statement.value, module):
        return statement.targets
    if isinstance(statement, ast.AnnAssign) and statement.value and _is_pure(statement.value, module):
        return [statement.target]
    return []


def _is_pure(value: ast.expr, module: Module) -> bool:
    return all(_is_pure_function(one.func, module) for one in ast.walk(value) if isinstance(one, ast.Call))


def _is_pure_function(function: ast.expr, module: Module) -> bool:
    if not isinstance(function, ast.Name):  # of the module math
        return True
    name = module.original(function.id)
    is_plain = name in BUILTINS or name in OBSERVABLES or bool(module.math_name(name))
    return is_plain and function.id not in module.functions


def _place(node: Any) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
