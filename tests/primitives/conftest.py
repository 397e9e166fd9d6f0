"""A client that all tests of a module share: its jobs do not meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import eigen


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eigen.Client]:
    """Open a client of a whole system on a root of its own."""
    with eigen.Client(tmp_path_factory.mktemp("primitives")) as opened:
        yield opened
