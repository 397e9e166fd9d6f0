"""The shape of a program: imports, constants, helpers, and exactly one decorated function."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from eigen.compiler.catalogue import Fault
from eigen.compiler.check.annotations import check_annotation
from eigen.compiler.check.constructs import header_place, place_of, walk
from eigen.compiler.check.decorator import read_options
from eigen.compiler.report import Report, did_you_mean
from eigen.compiler.source_text import NO_PLACE, Place
from eigen.compiler.stages import CheckedProgram, ParsedProgram
from eigen.compiler.symbols import (
    LANGUAGE_NAMES,
    MATH_CONSTANTS,
    MATH_FUNCTIONS,
    PROGRAM_DECORATOR,
)
from eigen.contracts.compilation import CompileLimits, ProgramDefaults

__all__ = ["check"]

_LANGUAGE_MODULES = frozenset({"eigen_lang", "eigen.lang"})
_INSTEAD_OF_MODULES = dict.fromkeys(
    ("numpy", "cmath", "scipy"), "; write from math import pi, sqrt, …"
) | dict.fromkeys(("qiskit", "cirq", "pennylane"), "; gates are functions: h(0), cx(0, 1), measure(0)")
_MATH_NAMES = frozenset({*MATH_FUNCTIONS, *MATH_CONSTANTS})
_TOP_LEVEL_NAMES = {
    ast.Expr: "statement that is not a definition",
    ast.If: "if statement",
    ast.For: "for loop",
    ast.While: "while loop",
    ast.AugAssign: "augmented assignment",
    ast.Assert: "assert statement",
    ast.Return: "return statement",
}


def check(parsed: ParsedProgram, *, entrypoint: str | None, limits: CompileLimits) -> CheckedProgram:
    """Return the program as checked parts.

    Args:
        parsed: Result of the first pass.
        entrypoint: Name that the decorated function must have, or None for any.
        limits: What the program may use.

    Raises:
        InvalidArgumentError: A construct is not in the language, or the program does not have its shape.
        ResourceExhaustedError: The tree is too deep or too large.
    """
    return _Check(parsed, entrypoint, limits).run()


class _Check:
    def __init__(self, parsed: ParsedProgram, entrypoint: str | None, limits: CompileLimits) -> None:
        self._parsed = parsed
        self._entrypoint = entrypoint
        self._limits = limits
        self._report = Report(parsed.text)
        self._imports: dict[str, tuple[str, str]] = {}
        self._modules: set[str] = set()
        self._functions: dict[str, ast.FunctionDef] = {}
        self._entry: ast.FunctionDef | None = None
        self._defaults = ProgramDefaults()

    def run(self) -> CheckedProgram:
        below: list[ast.AST] = []
        body = self._parsed.tree.body
        for index, statement in enumerate(body):
            below += self._statement(statement, is_first=index == 0)
        num_nodes = len(body) + walk(below, self._report, limits=self._limits)
        self._check_entry()
        self._report.raise_if_any()
        assert self._entry is not None  # noqa: S101  # else there is a fault
        return CheckedProgram(
            text=self._parsed.text,
            body=tuple(body),
            entry=self._entry,
            imports=self._imports,
            modules=frozenset(self._modules),
            defaults=self._defaults,
            num_nodes=num_nodes,
        )

    def _statement(self, node: ast.stmt, *, is_first: bool) -> Iterable[ast.AST]:
        """Check one statement of the module, and return what the walk is to check below it."""
        if isinstance(node, ast.FunctionDef):
            return self._function(node)
        if isinstance(node, ast.Import):
            self._import(node)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        elif type(node) in _TOP_LEVEL_NAMES and not (is_first and _is_docstring(node)):
            self._report.add(Fault.TOP_LEVEL, _first_line(node), construct=_TOP_LEVEL_NAMES[type(node)])
        else:
            return (node,)
        return ()

    def _function(self, node: ast.FunctionDef) -> Iterable[ast.AST]:
        if node.name in self._functions:
            self._report.add(Fault.DUPLICATE_FUNCTION, header_place(node), name=node.name)
        if node.name.startswith("__"):
            self._report.add(Fault.DUNDER, header_place(node), name=node.name)
        self._functions[node.name] = node
        for decorator in node.decorator_list:
            self._decorator(node, decorator)
        self._arguments(node.args)
        check_annotation(node.returns, self._report)
        for parameter in getattr(node, "type_params", ()):  # from Python 3.12 on
            self._report.add(Fault.ARGUMENT_KIND, place_of(parameter), construct="type parameters")
        body = node.body[1:] if _is_docstring(node.body[0]) else node.body
        return [*body, *node.args.args, *node.args.kwonlyargs, *_defaults(node.args)]

    def _decorator(self, function: ast.FunctionDef, decorator: ast.expr) -> None:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not isinstance(called, ast.Name) or called.id != PROGRAM_DECORATOR:
            name = called.id if isinstance(called, ast.Name) else ""
            instead = did_you_mean(name, [PROGRAM_DECORATOR], otherwise="delete this one")
            self._report.add(Fault.DECORATOR, place_of(decorator), instead=instead)
        elif self._entry is not None:
            self._report.add(Fault.TWO_PROGRAMS, header_place(function), name=self._entry.name)
        else:
            self._entry = function
            self._defaults = read_options(decorator, self._report)

    def _arguments(self, arguments: ast.arguments) -> None:
        for one in arguments.posonlyargs:
            self._report.add(Fault.ARGUMENT_KIND, place_of(one), construct="positional-only arguments")
            if one.arg.startswith("__"):
                self._report.add(Fault.DUNDER, place_of(one), name=one.arg)
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                self._report.add(Fault.ARGUMENT_KIND, place_of(rest), construct="arguments of any number")
        for one in (*arguments.args, *arguments.kwonlyargs):
            check_annotation(one.annotation, self._report)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name != "math":
                suggestion = _INSTEAD_OF_MODULES.get(alias.name.partition(".")[0], "")
                if alias.name in _LANGUAGE_MODULES:
                    suggestion = f"; write from {alias.name} import *"
                self._report.add(Fault.IMPORT, place_of(node), name=alias.name, suggestion=suggestion)
            self._check_local(alias, node)
            self._modules.add(alias.asname or alias.name)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        if module not in _LANGUAGE_MODULES and module != "math":
            suggestion = _INSTEAD_OF_MODULES.get(module.partition(".")[0], "")
            self._report.add(Fault.IMPORT, place_of(node), name=module, suggestion=suggestion)
            return
        known = _MATH_NAMES if module == "math" else LANGUAGE_NAMES
        kind = "math" if module == "math" else "lang"
        for alias in node.names:
            self._check_local(alias, node)
            if alias.name == "*" and kind == "math":
                self._report.add(Fault.STAR_IMPORT, place_of(node), name=module)
            elif alias.name != "*" and alias.name not in known:
                instead = did_you_mean(alias.name, known, otherwise="see the reference for the names there are")
                self._report.add(Fault.UNKNOWN_IMPORT, place_of(alias), module=module, name=alias.name, instead=instead)
            elif alias.name != "*":
                self._imports[alias.asname or alias.name] = (kind, alias.name)

    def _check_local(self, alias: ast.alias, node: ast.stmt) -> None:
        if (alias.asname or "").startswith("__"):
            self._report.add(Fault.DUNDER, place_of(node), name=alias.asname)

    def _check_entry(self) -> None:
        if self._entry is None:
            if self._report.is_empty:
                self._report.add(Fault.NO_PROGRAM, NO_PLACE)
        elif self._entrypoint is not None and self._entrypoint != self._entry.name:
            self._report.add(
                Fault.ENTRYPOINT, header_place(self._entry), expected=self._entrypoint, name=self._entry.name
            )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    for one in arguments.kw_defaults:
        if one is not None:
            yield one


def _first_line(node: ast.stmt) -> Place:
    line, column, end_line, end_column = place_of(node)
    return (line, column, line, column + 1) if end_line != line else (line, column, end_line, end_column)
