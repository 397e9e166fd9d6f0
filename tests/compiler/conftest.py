"""Options and programs for the compiler's tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which writes the expected diagnostics anew."""
    parser.addoption("--update-golden", action="store_true", help="write the compiler's expected diagnostics anew")
