"""The program as a whole: first all names of the module, then the code of the module and of every function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.code import Code
from eigen.compiler.report import Report
from eigen.compiler.resolve.scopes import Module, bound_names, target_names
from eigen.compiler.resolve.statements import Statements
from eigen.compiler.resolve.usage import warn_of_unused
from eigen.compiler.source_text import NO_PLACE, Place
from eigen.compiler.stages import CheckedProgram, InputArgument, ResolvedProgram
from eigen.compiler.symbols import BUILTINS, LANGUAGE_NAMES

__all__ = ["resolve"]

_BYTES_PER_INSTRUCTION = 250
_ELEMENT_TYPES = frozenset({"int", "float", "bool", "str", "list"})
_INPUT_TYPES = frozenset({"Param", *_ELEMENT_TYPES})


def resolve(checked: CheckedProgram) -> ResolvedProgram:
    """Return the program as flat code.

    Args:
        checked: Result of the second pass.

    Raises:
        InvalidArgumentError: A name is unknown, or arguments do not fit.
        UnimplementedError: The program uses what this version does not compile.
    """
    return _Resolve(checked).run()


class _Resolve:
    def __init__(self, checked: CheckedProgram) -> None:
        self._checked = checked
        self._report = Report(checked.text)
        self._functions = [node for node in checked.body if isinstance(node, ast.FunctionDef)]
        self._module = Module(
            functions={node.name: index for index, node in enumerate(self._functions)},
            signatures=[node.args for node in self._functions],
            imports=checked.imports,
            modules=checked.modules,
        )
        self._default_slots: dict[str, dict[int, int]] = {}

    def run(self) -> ResolvedProgram:
        self._declare()
        module = self._module_code()
        functions = tuple(self._function_code(node) for node in self._functions)
        inputs = tuple(self._inputs())
        self._report.raise_if_any()
        warn_of_unused(self._checked.body, self._checked.entry, self._module, (module, *functions), self._report)
        size = sum(len(one.instructions) for one in (module, *functions)) * _BYTES_PER_INSTRUCTION
        return ResolvedProgram(
            text=self._checked.text,
            module=module,
            functions=functions,
            entry=self._module.functions[self._checked.entry.name],
            constants=tuple(self._module.constants),
            inputs=inputs,
            defaults=self._checked.defaults,
            warnings=self._report.ordered_warnings(),
            size_bytes=size + 4 * len(self._checked.text.text),
        )

    def _declare(self) -> None:
        """Give every constant of the module its slot before functions are translated."""
        for node in self._checked.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    for name in target_names(target):
                        self._constant(name, target)
        for function in self._functions:
            if function.name in BUILTINS or function.name in LANGUAGE_NAMES:
                self._report.warn(Fault.HIDDEN_NAME, _header(function), name=function.name)

    def _constant(self, name: str, target: ast.expr) -> None:
        if name in self._module.functions:
            self._report.add(Fault.DUPLICATE_FUNCTION, _place(target), name=name)
        self._module.new_slot(name)

    def _module_code(self) -> Code:
        translator = Statements(self._module, self._report, [], is_module=True)
        for node in self._checked.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                translator.assembler.plan(node)
            elif isinstance(node, ast.FunctionDef):
                self._plan_defaults(translator, node)
            translator.assembler.run()
        translator.assembler.emit(c.CONST, None, NO_PLACE)
        translator.assembler.emit(c.RETURN, None, NO_PLACE)
        return self._finished(translator, "", NO_PLACE)

    def _plan_defaults(self, translator: Statements, node: ast.FunctionDef) -> None:
        """Evaluate a function's defaults once, where it is defined, into hidden constants."""
        slots: dict[int, int] = {}
        for index, value in _defaults_of(node.args):
            slots[index] = self._module.new_slot(f"{node.name} {index}")
            translator.assembler.plan(value, (c.STORE_GLOBAL, slots[index], _place(value)))
            translator.assembler.run()
        self._default_slots[node.name] = slots

    def _function_code(self, node: ast.FunctionDef) -> Code:
        arguments = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
        slots = list(dict.fromkeys([*arguments, *bound_names(node.body)]))
        translator = Statements(self._module, self._report, slots)
        translator.assembler.plan(*node.body)
        translator.assembler.run()
        translator.assembler.emit(c.CONST, None, _header(node))
        translator.assembler.emit(c.RETURN, None, _header(node))
        return self._finished(translator, node.name, _header(node), node.args)

    def _finished(
        self, translator: Statements, name: str, place: Place, arguments: ast.arguments | None = None
    ) -> Code:
        return Code(
            name=name,
            instructions=translator.assembler.finished(),
            places=tuple(translator.assembler.places),
            slots=tuple(translator.slots),
            num_positional=len(arguments.args) if arguments else 0,
            num_arguments=len(arguments.args) + len(arguments.kwonlyargs) if arguments else 0,
            defaults=self._default_slots.get(name, {}),
            place=place,
        )

    def _inputs(self) -> Iterator[InputArgument]:
        for one in (*self._checked.entry.args.args, *self._checked.entry.args.kwonlyargs):
            outer, *elements = _type_names(one.annotation)
            for name, allowed in ((outer, _INPUT_TYPES), *((each, _ELEMENT_TYPES) for each in elements)):
                if one.annotation is not None and name not in allowed:
                    self._report.add(Fault.INPUT_ANNOTATION, _place(one.annotation), name=name)
            yield InputArgument(name=one.arg, type=outer, elements=tuple(elements), place=_place(one))


def _type_names(annotation: ast.expr | None) -> list[str]:
    """Return `list`, `list` and `int` of `list[list[int]]`, and an empty string where there is no annotation."""
    names: list[str] = []
    node = annotation
    while isinstance(node, ast.Subscript):
        names.append(node.value.id if isinstance(node.value, ast.Name) else "this")
        node = node.slice
    return [*names, node.id if isinstance(node, ast.Name) else "" if node is None else "this"]


def _defaults_of(arguments: ast.arguments) -> Iterator[tuple[int, ast.expr]]:
    first = len(arguments.args) - len(arguments.defaults)
    yield from enumerate(arguments.defaults, first)
    for index, value in enumerate(arguments.kw_defaults, len(arguments.args)):
        if value is not None:
            yield index, value


def _header(node: ast.FunctionDef) -> Place:
    return node.lineno, node.col_offset, node.lineno, node.col_offset + len("def ") + len(node.name)


def _place(node: ast.expr | ast.arg) -> Place:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
