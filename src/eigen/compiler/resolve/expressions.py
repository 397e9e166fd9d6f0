"""Expressions to code. Every method emits the code of one kind of node, or plans what does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.report import Report, did_you_mean
from eigen.compiler.resolve.assembler import Assembler, Label, Planned
from eigen.compiler.resolve.scopes import FOREIGN_HINTS, Module, target_names
from eigen.compiler.source_text import Place
from eigen.compiler.symbols import ATTRIBUTES, MATH_CONSTANTS
from eigen.contracts.printable import quoted

__all__ = ["Expressions"]

OPERATORS: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
        ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
        ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
        ast.In: "in", ast.NotIn: "not in",
        ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not",
    }
)  # fmt: skip
"""How each operator of the syntax tree is written."""


class Expressions:
    """Translates expressions of one function.

    Args:
        module: What the module's names mean.
        report: Where faults are noted.
        slots: Names of the local variables; grows.
    """

    def __init__(self, module: Module, report: Report, slots: list[str]) -> None:
        self._module = module
        self._report = report
        self.slots = slots
        self._locals = {name: slot for slot, name in enumerate(slots)}
        self._inner: list[dict[str, int]] = []  # scopes of the comprehensions around what is translated
        self.assembler = Assembler(self.translate)
        self._simple: Mapping[type[ast.AST], Callable[[Any], bool]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.Subscript: self._element,
        }
        self._table: dict[type[ast.AST], Callable[[Any], object]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.Subscript: self._subscript,
            ast.Slice: self._slice,
            ast.Attribute: self._attribute,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.IfExp: self._conditional,
            ast.List: self._list,
            ast.Tuple: self._tuple,
            ast.Dict: self._dict,
            ast.ListComp: self._list_comprehension,
            ast.DictComp: self._dict_comprehension,
        }

    def translate(self, node: ast.AST) -> None:
        """Emit a node's code, or plan what does."""
        self._table[node.__class__](node)

    def is_local(self, name: str) -> bool:
        """Whether a name is a local variable here."""
        return name in self._locals or (bool(self._inner) and any(name in scope for scope in self._inner))

    def slot_of(self, name: str) -> int:
        """Return the slot of a local variable, or −1."""
        if self._inner:
            for scope in reversed(self._inner):
                if name in scope:
                    return scope[name]
        return self._locals.get(name, -1)

    def operands(self, nodes: Sequence[ast.expr], op: int, argument: Any, place: Place) -> None:
        """Emit code of operands and of what takes them; from the first one that is not simple on, plan it."""
        for position, node in enumerate(nodes):
            simple = self._simple.get(node.__class__)
            if simple is None or not simple(node):
                self.assembler.plan(*nodes[position:], (op, argument, place))
                return
        self.assembler.emit(op, argument, place)

    def _name(self, node: ast.Name) -> bool:
        name = node.id
        slot = self._locals.get(name, -1) if not self._inner else self.slot_of(name)
        if slot >= 0:
            self.assembler.emit(c.LOAD, slot, _place(node))
        else:
            self._global_name(name, _place(node))
        return True

    def _global_name(self, name: str, place: Place) -> None:
        module = self._module
        if name in module.constants:
            self.assembler.emit(c.GLOBAL, module.constants[name], place)
        elif module.math_name(name) in MATH_CONSTANTS:
            module.used_imports.add(name)
            self.assembler.emit(c.CONST, MATH_CONSTANTS[module.math_name(name)], place)
        else:
            self._unknown(name, place)

    def _unknown(self, name: str, place: Place) -> None:
        self.assembler.emit(c.CONST, None, place)  # translation goes on, to find the next fault
        if self._module.is_function(name):
            self._report.add(Fault.FUNCTION_AS_VALUE, place, name=name)
            return
        otherwise = "assign it first, or make it an argument"
        known = chain(self._locals, self._module.constants)
        instead = FOREIGN_HINTS.get(name) or did_you_mean(name, known, otherwise=otherwise)
        self._report.add(Fault.UNKNOWN_NAME, place, name=name, instead=instead)

    def _constant(self, node: ast.Constant) -> bool:
        self.assembler.emit(c.CONST, node.value, _place(node))
        return True

    def _element(self, node: ast.Subscript) -> bool:
        """Emit `variable[constant]` or `variable[variable]` as one instruction, if it is that."""
        value, index = node.value, node.slice
        slot = self.slot_of(value.id) if value.__class__ is ast.Name else -1
        if slot < 0:
            return False
        if index.__class__ is ast.Constant:
            self.assembler.emit(c.ELEMENT, (slot, index.value), _place(node))
            return True
        at = self.slot_of(index.id) if index.__class__ is ast.Name else -1
        if at >= 0:
            self.assembler.emit(c.ELEMENT_AT, (slot, at), _place(node))
        return at >= 0

    def _subscript(self, node: ast.Subscript) -> None:
        if not self._element(node):
            self.operands((node.value, node.slice), c.INDEX, None, _place(node))

    def _slice(self, node: ast.Slice) -> None:
        place = _place(node)
        parts: list[Planned] = [
            part if part is not None else (c.CONST, None, place) for part in (node.lower, node.upper, node.step)
        ]
        self.assembler.plan(*parts, (c.SLICE, None, place))

    def _attribute(self, node: ast.Attribute) -> None:
        place = _place(node)
        value = node.value
        if isinstance(value, ast.Name) and value.id in self._module.modules and not self.is_local(value.id):
            self._module.used_imports.add(value.id)
            if node.attr in MATH_CONSTANTS:
                self.assembler.emit(c.CONST, MATH_CONSTANTS[node.attr], place)
                return
            self._report.add(Fault.FUNCTION_AS_VALUE, place, name=f"{value.id}.{node.attr}")
            self.assembler.emit(c.CONST, None, place)
            return
        if isinstance(value, ast.Name) and not self.is_local(value.id) and value.id not in self._module.constants:
            self._unknown(value.id, _place(value))
            return
        if node.attr not in ATTRIBUTES:
            instead = "values have the attribute size only"
            self._report.add(Fault.UNKNOWN_ATTRIBUTE, place, name=node.attr, instead=instead)
        self.assembler.plan(value, (c.ATTRIBUTE, node.attr, place))

    def _binary(self, node: ast.BinOp) -> None:
        left, right, operator = node.left, node.right, OPERATORS[type(node.op)]
        slot = self.slot_of(left.id) if isinstance(left, ast.Name) else -1
        if slot >= 0 and isinstance(right, ast.Constant):
            self.assembler.emit(c.OPERATE, (slot, right.value, operator), _place(node))
        else:
            self.operands((left, right), c.BINARY, operator, _place(node))

    def _unary(self, node: ast.UnaryOp) -> None:
        operand = node.operand
        if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant) and type(operand.value) in (int, float):
            self.assembler.emit(c.CONST, -operand.value, _place(node))  # type: ignore[operator]  # a number
            return
        self.assembler.plan(operand, (c.UNARY, OPERATORS[type(node.op)], _place(node)))

    def _boolean(self, node: ast.BoolOp) -> None:
        place, end = _place(node), Label()
        left, right = (c.AND_LEFT, c.AND_RIGHT) if isinstance(node.op, ast.And) else (c.OR_LEFT, c.OR_RIGHT)
        items: list[Planned] = [node.values[0]]
        for value in node.values[1:]:
            items += [self._jump(left, end, place), value, (right, None, _place(value))]
        self.assembler.plan(*items, end)

    def _compare(self, node: ast.Compare) -> None:
        place, end = _place(node), Label()
        if len(node.ops) == 1:
            self.operands((node.left, node.comparators[0]), c.COMPARE, OPERATORS[type(node.ops[0])], place)
            return
        items: list[Planned] = [(c.CONST, True, place), node.left]
        for operator, operand in zip(node.ops[:-1], node.comparators[:-1], strict=True):
            items += [operand, self._jump(c.CHAIN, (OPERATORS[type(operator)], end), place)]
        last = node.comparators[-1]
        items += [last, (c.COMPARE, OPERATORS[type(node.ops[-1])], place), (c.AND_RIGHT, None, _place(last)), end]
        self.assembler.plan(*items)

    def _conditional(self, node: ast.IfExp) -> None:
        place, otherwise, end = _place(node), Label(), Label()
        self.assembler.plan(
            node.test,
            self._jump(c.SKIP_UNLESS, (otherwise, "a conditional expression"), _place(node.test)),
            node.body,
            self._jump(c.JUMP, end, place),
            otherwise,
            node.orelse,
            end,
        )

    def _list(self, node: ast.List) -> None:
        self.operands(node.elts, c.LIST, len(node.elts), _place(node))

    def _tuple(self, node: ast.Tuple) -> None:
        self.operands(node.elts, c.TUPLE, len(node.elts), _place(node))

    def _dict(self, node: ast.Dict) -> None:
        pairs = [part for pair in zip(node.keys, node.values, strict=True) for part in pair if part is not None]
        seen: set[Any] = set()
        for key in node.keys:
            if isinstance(key, ast.Constant):
                if key.value in seen:
                    self._report.warn(Fault.DOUBLE_KEY, _place(key), key=quoted(key.value))
                seen.add(key.value)
        self.assembler.plan(*pairs, (c.DICT, len(node.keys), _place(node)))

    def _list_comprehension(self, node: ast.ListComp) -> None:
        self._comprehension(node, c.LIST, [node.elt], c.APPEND)

    def _dict_comprehension(self, node: ast.DictComp) -> None:
        self._comprehension(node, c.DICT, [node.key, node.value], c.INSERT)

    def _comprehension(self, node: ast.ListComp | ast.DictComp, new: int, element: list[ast.expr], add: int) -> None:
        """Loop over the generators; all but the first iterable are evaluated among the comprehension's own names."""
        place = _place(node)
        scope: dict[str, int] = {}
        items: list[Planned] = [(new, 0, place)]
        ends: list[Planned] = []
        for index, generator in enumerate(node.generators):
            start, again = Label(), Label()
            items += [generator.iter, (c.ITERATE, None, _place(generator.iter))]
            items.append(partial(self._enter_scope, scope, target_names(generator.target), is_first=index == 0))
            items += [self._jump(c.JUMP, again, place), start, partial(self.store_next, generator.target)]
            for test in generator.ifs:
                items += [test, self._jump(c.SKIP_UNLESS, (again, "a comprehension"), _place(test))]
            ends = [again, partial(self.next_element, generator.target, start, place), *ends]
        items += [*element, (add, len(node.generators), place), *ends, self._leave_scope]
        self.assembler.plan(*items)

    def _enter_scope(self, scope: dict[str, int], names: list[str], *, is_first: bool) -> None:
        if is_first:
            self._inner.append(scope)
        for name in names:
            scope[name] = len(self.slots)
            self.slots.append(name)

    def _leave_scope(self) -> None:
        self._inner.pop()

    def next_element(self, target: ast.expr, start: Label, place: Place) -> None:
        """Emit the end of a loop: bind the next element, and go back to the start, or on."""
        slots = self._slots_of(target)
        if slots is None:
            self.assembler.jump(c.PULL, start, place)
        elif isinstance(target, ast.Name):
            self.assembler.jump(c.NEXT, (start, slots[0]), place)
        else:
            self.assembler.jump(c.NEXT_EACH, (start, slots), place)

    def _slots_of(self, target: ast.expr) -> tuple[int, ...] | None:
        """Return the slots of a local variable, or of a tuple of them; None where the target is more than that."""
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        slots = tuple(self.slot_of(one.id) if isinstance(one, ast.Name) else -1 for one in parts)
        return None if -1 in slots else slots

    def store_next(self, target: ast.expr) -> None:
        """Plan the start of a loop's body: bind the element, where `next_element` did not."""
        if self._slots_of(target) is None:
            self.store(target)

    def _jump(self, op: int, argument: Any, place: Place) -> Callable[[], None]:
        """Return a planned instruction whose argument holds a label."""
        return partial(self.assembler.jump, op, argument, place)

    def store(self, target: ast.expr, *, guarded: bool = False) -> None:
        """Plan the code that pops a value into a target."""
        place = _place(target)
        if isinstance(target, ast.Name):
            self._store_name(target.id, place, guarded=guarded)
        elif isinstance(target, ast.Subscript):
            self.assembler.plan(target.value, target.slice, (c.STORE_INDEX, False, place))
        elif isinstance(target, ast.Tuple | ast.List):
            self.assembler.plan(
                (c.UNPACK, len(target.elts), place),
                *[partial(self.store, one, guarded=guarded) for one in target.elts],
            )

    def _store_name(self, name: str, place: Place, *, guarded: bool) -> None:
        slot = self.slot_of(name)
        if slot >= 0:
            self.assembler.emit(c.STORE_GUARDED if guarded else c.STORE, slot, place)
        else:
            self.assembler.emit(c.STORE_GLOBAL, self._module.new_slot(name), place)


def _place(node: Any) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
