"""The options of `@hybrid_program(...)`: literals by name, each with its range."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.check.constructs import place_of
from eigen.compiler.report import Report, did_you_mean
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.compilation import ProgramDefaults
from eigen.contracts.errors import EigenError
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.noise import read_noise_model

__all__ = ["read_options"]

_MAX_TEXT = 256
_NO_VALUE = object()


def _is_text(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= _MAX_TEXT


def _is_integer(least: int, most: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _is_metadata(value: object) -> bool:
    return type(value) is dict and all(_is_text(key) and type(one) is str for key, one in value.items())


_OPTIONS: Mapping[str, tuple[Callable[[object], bool], str]] = MappingProxyType(
    {
        "target": (_is_text, "a text such as sim:local"),
        "shots": (_is_integer(1, MAX_SHOTS), f"an integer from 1 to {MAX_SHOTS}"),
        "optimization_level": (_is_integer(0, 3), "an integer from 0 to 3"),
        "seed": (_is_integer(0, MAX_SAFE_INTEGER), "an integer from 0 to 2^53 − 1"),
        "noise_model": (_is_text, "a text such as depolarizing:0.001"),
        "compiler": (_is_text, "a text"),
        "metadata": (_is_metadata, "a dict of texts"),
    }
)


def read_options(decorator: ast.expr, report: Report) -> ProgramDefaults:
    """Return what the decorator says; faults are noted, and their options left out."""
    if not isinstance(decorator, ast.Call):
        return ProgramDefaults()
    for argument in decorator.args:
        report.add(Fault.OPTION_POSITIONAL, place_of(argument))
    options: dict[str, Any] = {}
    for keyword in decorator.keywords:
        _read_option(keyword, options, report)
    return ProgramDefaults(**options)


def _read_option(keyword: ast.keyword, options: dict[str, Any], report: Report) -> None:
    name = keyword.arg or "**"
    if name not in _OPTIONS:
        instead = did_you_mean(name, _OPTIONS, otherwise=f"there are {', '.join(_OPTIONS)}")
        report.add(Fault.OPTION_NAME, place_of(keyword), name=name, instead=instead)
        return
    is_allowed, allowed = _OPTIONS[name]
    value = _literal(keyword.value)
    if name in options:
        report.add(Fault.DUPLICATE_OPTION, place_of(keyword), name=name)
    elif value is _NO_VALUE or not is_allowed(value):
        report.add(Fault.OPTION_VALUE, place_of(keyword.value), name=name, allowed=allowed)
    elif name == "noise_model" and isinstance(value, str) and (wrong := _fault_of_noise_model(value)) is not None:
        report.add(Fault.NOISE_MODEL, place_of(keyword.value), what=wrong.message, instead=wrong.hint)
    else:
        options[name] = value


def _fault_of_noise_model(text: str) -> EigenError | None:
    try:
        read_noise_model(text)
    except EigenError as error:
        return error
    return None


def _literal(node: ast.expr) -> object:
    """Return the value of a constant, or of a dict of constants; nothing is evaluated."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        values = [value.value for value in node.values if isinstance(value, ast.Constant)]
        if len(keys) == len(values) == len(node.keys):
            return dict(zip(keys, values, strict=True))
    return _NO_VALUE
