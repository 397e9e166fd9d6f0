"""The documentation is executed: examples in docstrings, and the names that the package promises."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import eigen

MODULES = sorted(
    one.name for one in pkgutil.walk_packages(eigen.__path__, "eigen.") if not one.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["eigen", *MODULES])
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0


@pytest.mark.parametrize("name", eigen.__all__)
def test_every_public_name_of_the_package_is_there(name: str) -> None:
    assert getattr(eigen, name) is not None
