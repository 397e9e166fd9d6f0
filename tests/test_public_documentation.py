"""Everything public is documented: each module, class, function, method and property says what it is."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

import eigen

MODULES = ["eigen", *(one.name for one in pkgutil.walk_packages(eigen.__path__, "eigen."))]


def public_members(module: ModuleType) -> dict[str, object]:
    """The module's own public names: those of `__all__`, else those without an underscore."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = {name: getattr(module, name) for name in names}
    return {name: one for name, one in found.items() if getattr(one, "__module__", None) == module.__name__}


def undocumented(qualified_name: str, member: object) -> list[str]:
    """The names under `member` that have no docstring, not even an inherited one."""
    missing = [] if inspect.getdoc(member) else [qualified_name]
    if inspect.isclass(member):
        for name, one in vars(member).items():
            is_code = inspect.isroutine(one) or isinstance(one, property | classmethod | staticmethod)
            if is_code and not name.startswith("_") and not inspect.getdoc(getattr(member, name)):
                missing.append(f"{qualified_name}.{name}")
    return missing


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_in_a_module_is_documented(name: str) -> None:
    module = import_module(name)
    assert module.__doc__, f"{name} has no header"
    members = public_members(module).items()
    code = [(key, one) for key, one in members if inspect.isclass(one) or inspect.isroutine(one)]
    assert [place for key, one in code for place in undocumented(f"{name}.{key}", one)] == []
