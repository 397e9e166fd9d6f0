"""Options of the whole test suite."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy with other things is not a fault of what is tested.
settings.register_profile("eigen", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eigen")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which writes expected texts and generated pages anew."""
    parser.addoption("--update-golden", action="store_true", help="write expected texts and generated pages anew")
