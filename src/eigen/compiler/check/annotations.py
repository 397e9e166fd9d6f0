"""Annotations: notes for readers, except on inputs; they name types of the language and nothing else."""

from __future__ import annotations

import ast
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.report import Report, did_you_mean
from eigen.compiler.source_text import Place
from eigen.compiler.symbols import ANNOTATIONS

__all__ = ["check_annotation"]


def check_annotation(annotation: ast.expr | None, report: Report) -> None:
    """Note every name in an annotation that is no type of the language."""
    stack = [annotation] if annotation is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Subscript):
            stack += [node.value, node.slice]
        elif isinstance(node, ast.Tuple):
            stack += node.elts
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            stack += [node.left, node.right]
        elif not _is_type_name(node):
            name = node.id if isinstance(node, ast.Name) else "this"
            instead = did_you_mean(name, ANNOTATIONS, otherwise="write int, float, bool, str, list or Param")
            report.add(Fault.UNKNOWN_ANNOTATION, _place(node), name=name, instead=instead)


def _is_type_name(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Name) and node.id in ANNOTATIONS


def _place(node: Any) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
