"""Options of the whole test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which writes expected texts and generated pages anew."""
    parser.addoption("--update-golden", action="store_true", help="write expected texts and generated pages anew")
