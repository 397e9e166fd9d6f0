"""Which of Python's syntax is in the language: two tables, allowed and forbidden, and the walk that applies them.

The walk goes level by level with a list, never by recursion, so that depth is the number of levels and no tree can
overflow the stack. Depth and size are bounded before anything else is reported.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.check.annotations import check_annotation
from eigen.compiler.report import Report, did_you_mean
from eigen.compiler.source_text import NO_PLACE, Place
from eigen.compiler.symbols import ATTRIBUTES, GATE_NAMES, MATH_CONSTANTS, MATH_FUNCTIONS, QUANTUM
from eigen.contracts.compilation import CompileLimits

__all__ = ["header_place", "place_of", "walk"]

Children = Callable[[Any], Iterable[ast.AST]]

_FORBIDDEN: Mapping[type[ast.AST], tuple[str, str]] = MappingProxyType(
    {
        ast.ClassDef: ("classes", "use functions, lists and dicts"),
        ast.AsyncFunctionDef: ("async functions", "write def"),
        ast.Lambda: ("lambdas", "write a function with def"),
        ast.Try: ("try statements", "check values with if before you use them"),
        ast.With: ("with statements", "call the operations directly"),
        ast.AsyncWith: ("async with statements", "call the operations directly"),
        ast.AsyncFor: ("async for loops", "write for"),
        ast.Await: ("await expressions", "call the function directly"),
        ast.Yield: ("yield expressions", "return a list"),
        ast.YieldFrom: ("yield expressions", "return a list"),
        ast.GeneratorExp: ("generator expressions", "write a list comprehension: [… for … in …]"),
        ast.Global: ("global statements", "give values as arguments and return them"),
        ast.Nonlocal: ("nonlocal statements", "give values as arguments and return them"),
        ast.Delete: ("del statements", "leave the name; it costs nothing"),
        ast.Raise: ("raise statements", 'write assert condition, "message"'),
        ast.JoinedStr: ("f-strings", "write a plain string"),
        ast.FormattedValue: ("f-strings", "write a plain string"),
        ast.NamedExpr: ("assignment expressions", "assign on a line of its own"),
        ast.Starred: ("starred expressions", "write the elements out, or index the list"),
        ast.Set: ("sets", "use a list"),
        ast.SetComp: ("set comprehensions", "use a list comprehension"),
        ast.Import: ("imports inside functions", "move it to the top of the program"),
        ast.ImportFrom: ("imports inside functions", "move it to the top of the program"),
        ast.Match: ("match statements", "use if and elif"),
        ast.MatMult: ("matrix products", "write the sum of products"),
        ast.Is: ("identity comparisons", "write =="),
        ast.IsNot: ("identity comparisons", "write !="),
    }
)

_LITERALS: Mapping[type, tuple[str, str]] = MappingProxyType(
    {
        complex: ("complex numbers", "write real angles"),
        type(...): ("ellipses", "write pass for an empty body"),
    }
)


def place_of(node: Any) -> Place:
    """Return where a node stands."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def header_place(function: ast.FunctionDef) -> Place:
    """Return where a function's name stands: `def name`, without its decorators and body."""
    return function.lineno, function.col_offset, function.lineno, function.col_offset + len("def ") + len(function.name)


def walk(body: Iterable[ast.AST], report: Report, *, limits: CompileLimits) -> int:
    """Check nodes and all below them, and return how many there are.

    Args:
        body: The statements.
        report: Where faults are noted.
        limits: What the program may use.

    Raises:
        ResourceExhaustedError: The tree is too deep or too large.
    """
    return _Walk(report, limits).run(body)


class _Walk:
    def __init__(self, report: Report, limits: CompileLimits) -> None:
        self._report = report
        self._limits = limits
        self._table: dict[type[ast.AST], Children] = {
            **_PLAIN,
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Expr: self._expression,
            ast.FunctionDef: self._function,
            ast.arg: self._argument,
            ast.keyword: self._keyword,
            ast.comprehension: self._comprehension,
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.AnnAssign: self._annotated,
            ast.For: self._for,
            ast.BinOp: self._binary,
            ast.Compare: self._compare,
            ast.Dict: self._dict,
        }

    def run(self, body: Iterable[ast.AST]) -> int:
        level: list[ast.AST] = list(body)
        depth = count = 0
        table = self._table
        while level:
            depth += 1
            count += len(level)
            self._bound(level[0], depth, count)
            below: list[ast.AST] = []
            for node in level:
                children = table.get(node.__class__)
                if children is None:
                    self._forbidden(node)
                else:
                    below += children(node)
            level = below
        return count

    def _bound(self, first: ast.AST, depth: int, count: int) -> None:
        place = place_of(first) if hasattr(first, "lineno") else NO_PLACE
        if depth > self._limits.syntax_depth:
            self._report_limit(Fault.SYNTAX_DEPTH, place, self._limits.syntax_depth)
        if count > self._limits.syntax_nodes:
            self._report_limit(Fault.SYNTAX_NODES, place, self._limits.syntax_nodes)

    def _report_limit(self, fault: Fault, place: Place, limit: int) -> None:
        self._report.clear()
        self._report.fail(fault, place, limit=limit)

    def _forbidden(self, node: Any, *, at: Any = None) -> None:
        """Refuse a construct; operators have no place of their own, so their expression's is given."""
        construct, instead = _FORBIDDEN.get(type(node), (f"{type(node).__name__} elements", "leave it out"))
        self._report.add(Fault.NOT_IN_LANGUAGE, place_of(at or node), construct=construct, instead=instead)

    def _binary(self, node: ast.BinOp) -> Iterable[ast.AST]:
        if node.op.__class__ is ast.MatMult:
            self._forbidden(node.op, at=node)
        return (node.left, node.right)

    def _compare(self, node: ast.Compare) -> Iterable[ast.AST]:
        for operator in node.ops:
            if operator.__class__ in _FORBIDDEN:
                self._forbidden(operator, at=node)
        return (node.left, *node.comparators)

    def _dict(self, node: ast.Dict) -> Iterable[ast.AST]:
        if None in node.keys:
            construct, instead = "unpacked dicts (**)", "write the pairs out"
            self._report.add(Fault.NOT_IN_LANGUAGE, place_of(node), construct=construct, instead=instead)
        return (*filter(None, node.keys), *node.values)

    def _reserved(self, name: str, place: Place) -> None:
        if name.startswith("__"):
            self._report.add(Fault.DUNDER, place, name=name)

    def _name(self, node: ast.Name) -> Iterable[ast.AST]:
        if node.id.startswith("__"):
            self._reserved(node.id, place_of(node))
        return ()

    def _constant(self, node: ast.Constant) -> Iterable[ast.AST]:
        value: Any = node.value
        kind = type(value)
        if kind in _LITERALS:
            construct, instead = _LITERALS[kind]
            self._report.add(Fault.LITERAL, place_of(node), construct=construct, instead=instead)
        elif kind is float and not math.isfinite(value):
            self._report.add(Fault.NOT_FINITE, place_of(node), operation="this literal")
        elif kind is int and value.bit_length() > self._limits.integer_bits:
            limit = self._limits.integer_bits
            self._report.add(Fault.INTEGER_BITS, place_of(node), operation="this literal", limit=limit)
        return ()

    def _attribute(self, node: ast.Attribute) -> Iterable[ast.AST]:
        if node.attr.startswith("__"):
            self._reserved(node.attr, place_of(node))
        elif node.attr not in _ATTRIBUTES:
            otherwise = "values have the attribute size only, and math its functions and constants"
            instead = did_you_mean(node.attr, _ATTRIBUTES, otherwise=otherwise)
            self._report.add(Fault.UNKNOWN_ATTRIBUTE, place_of(node), name=node.attr, instead=instead)
        return (node.value,)

    def _call(self, node: ast.Call) -> Iterable[ast.AST]:
        function = node.func
        if isinstance(function, ast.Name):
            return (function, *node.args, *node.keywords)
        if isinstance(function, ast.Attribute):
            return (*self._method(function), *node.args, *node.keywords)
        self._report.add(Fault.CALL_TARGET, place_of(function))
        return (*node.args, *node.keywords)

    def _method(self, function: ast.Attribute) -> Iterable[ast.AST]:
        """Check a call of `value.name`; whether the value is the module `math` is for names to tell."""
        if function.attr in MATH_FUNCTIONS:
            return (function,)
        if function.attr.startswith("__"):
            self._reserved(function.attr, place_of(function))
            return (function.value,)
        otherwise = "use a function or an operator"
        if function.attr in GATE_NAMES or function.attr in QUANTUM:
            otherwise = f"write it as a function: {function.attr}(…)"
        instead = _METHODS.get(function.attr, otherwise)
        self._report.add(Fault.METHOD_CALL, place_of(function), name=function.attr, instead=instead)
        return (function.value,)

    def _expression(self, node: ast.Expr) -> Iterable[ast.AST]:
        value = node.value
        if isinstance(value, ast.Call) or (isinstance(value, ast.Constant) and type(value.value) is str):
            return (value,)
        if type(value) not in _FORBIDDEN and not (isinstance(value, ast.Constant) and type(value.value) in _LITERALS):
            self._report.add(Fault.NO_EFFECT, place_of(node), instead=_effect_instead(value))
        return (value,)

    def _function(self, node: ast.FunctionDef) -> Iterable[ast.AST]:
        """Check a function inside another one; those of the module are taken apart before they get here."""
        self._report.add(Fault.NESTED_FUNCTION, header_place(node), name=node.name)
        return ()

    def _argument(self, node: ast.arg) -> Iterable[ast.AST]:
        self._reserved(node.arg, place_of(node))
        return ()

    def _keyword(self, node: ast.keyword) -> Iterable[ast.AST]:
        if node.arg is None:
            construct, instead = "dicts of arguments (**)", "write the arguments out"
            self._report.add(Fault.NOT_IN_LANGUAGE, place_of(node), construct=construct, instead=instead)
        else:
            self._reserved(node.arg, place_of(node))
        return (node.value,)

    def _comprehension(self, node: ast.comprehension) -> Iterable[ast.AST]:
        if node.is_async:
            construct, instead = "async comprehensions", "write for"
            self._report.add(Fault.NOT_IN_LANGUAGE, place_of(node.iter), construct=construct, instead=instead)
        self._target(node.target)
        return (node.target, node.iter, *node.ifs)

    def _assign(self, node: ast.Assign) -> Iterable[ast.AST]:
        for target in node.targets:
            self._target(target)
        return (*node.targets, node.value)

    def _augmented(self, node: ast.AugAssign) -> Iterable[ast.AST]:
        self._target(node.target)
        if node.op.__class__ is ast.MatMult:
            self._forbidden(node.op, at=node)
        return (node.target, node.value)

    def _annotated(self, node: ast.AnnAssign) -> Iterable[ast.AST]:
        self._target(node.target)
        check_annotation(node.annotation, self._report)
        if node.value is None:
            self._report.add(Fault.NO_EFFECT, place_of(node), instead="give it a value, or delete it")
            return (node.target,)
        return (node.target, node.value)

    def _for(self, node: ast.For) -> Iterable[ast.AST]:
        self._target(node.target)
        return (node.target, node.iter, *node.body, *node.orelse)

    def _target(self, target: ast.expr) -> None:
        """Check that a target is a name, an element, or a tuple of targets."""
        stack = [target]
        while stack:
            one = stack.pop()
            if isinstance(one, ast.Tuple | ast.List):
                stack += one.elts
            elif isinstance(one, ast.Attribute):
                self._report.add(Fault.ASSIGNMENT_TARGET, place_of(one), construct="attributes")
            elif isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Slice):
                self._report.add(Fault.ASSIGNMENT_TARGET, place_of(one), construct="slices")


_ATTRIBUTES = frozenset({*ATTRIBUTES, *MATH_FUNCTIONS, *MATH_CONSTANTS})
_METHODS = {
    "append": "write values += [value]",
    "extend": "write values += others",
    "items": "write for key in d: … d[key]",
    "values": "write [d[key] for key in d]",
    "keys": "write for key in d",
    "get": "write d[key] if key in d else other",
    "h": "write the gate as a function: h(q[0])",
    "cx": "write the gate as a function: cx(q[0], q[1])",
    "measure": "write measure(q), or measure(q, c=c)",
    "format": "texts cannot be formatted at compile time",
}


def _effect_instead(value: ast.expr) -> str:
    if isinstance(value, ast.IfExp | ast.BoolOp):
        return "write an if statement"
    if isinstance(value, ast.ListComp | ast.DictComp):
        return "write a for loop"
    name = value.value.id if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) else ""
    return f"write {name}(…)" if name in GATE_NAMES else "use its value, or delete it"


def _nothing(_node: Any) -> Iterable[ast.AST]:
    return ()


_PLAIN: Mapping[type[ast.AST], Children] = MappingProxyType(
    {
        ast.Pass: _nothing,
        ast.Break: _nothing,
        ast.Continue: _nothing,
        ast.Return: lambda node: (node.value,) if node.value else (),
        ast.Assert: lambda node: (node.test, node.msg) if node.msg else (node.test,),
        ast.If: lambda node: (node.test, *node.body, *node.orelse),
        ast.While: lambda node: (node.test, *node.body, *node.orelse),
        ast.Subscript: lambda node: (node.value, node.slice),
        ast.Slice: lambda node: [one for one in (node.lower, node.upper, node.step) if one],
        ast.UnaryOp: lambda node: (node.operand,),
        ast.BoolOp: lambda node: node.values,
        ast.IfExp: lambda node: (node.test, node.body, node.orelse),
        ast.List: lambda node: node.elts,
        ast.Tuple: lambda node: node.elts,
        ast.ListComp: lambda node: (node.elt, *node.generators),
        ast.DictComp: lambda node: (node.key, node.value, *node.generators),
    }
)
